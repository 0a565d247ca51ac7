"""Layers for text and other sequences, length × channels: embeddings, recurrent networks and self-attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cnncalc import kernels
from cnncalc.layers.advice import divided
from cnncalc.layers.base import Example, Layer, Pointwise, Weight
from cnncalc.layers.memory import NOTHING_SAVED, Grad, MatrixProduct, Saved
from cnncalc.layers.option import Choice, Count, Flag, Number, option
from cnncalc.layers.view import SAME, View, whole
from cnncalc.shape import Flow, Shape, Tokens
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run
    from cnncalc.kernels.sequence import Step


class Embedding(Layer, kind="embedding"):
    """A learned vector for each word of the vocabulary: tokens become length × dimension. vocabulary·dimension parameters."""

    accepts = "tokens"
    rises_with = ("dimension",)
    per_position = True
    also = ("embed", "wordembedding", "lookup", "lookuptable")
    torch_order = ("", "dimension")
    keras_order = ("dimension",)
    dimension: int = option(
        Count(pair=1), "numbers per token", main=True, also=("embedding_dim", "embed_dim", "output_dim", "dim")
    )
    example = Example({"embedding": 5}, (Tokens(7, 11),), Shape(7, 5))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return Shape(x[0], self.dimension)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (x[1], self.dimension)),)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return SAME

    def spread(self, weight: Weight, gain: float) -> tuple[float, float]:
        return 0, 1

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The token ids, which are the network's input.
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        # (batch, length) of ids looks up (batch, length, dimension).
        return w["weight"][x].swapaxes(1, 2)


class _Recurrent(Layer):
    """Reads a sequence step by step; `gates` blocks of weights see the input and the hidden state, each with its own bias."""

    accepts = "sequence"
    rises_with = ("hidden",)
    per_position = True
    torch_order = ("", "hidden", "layers")
    keras_order = ("hidden",)
    gates: ClassVar[int]
    hidden: int
    layers: int
    bidirectional: bool
    returns: str
    biases: int

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return self.certain_shape() or Shape(x[0], self.hidden * self._directions)

    def certain_shape(self) -> Shape | None:
        return Shape(self.hidden * self._directions) if self.returns == "last" else None

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        found = []
        rows = self.gates * self.hidden
        for layer in range(self.layers):
            columns = x.channels if layer == 0 else self.hidden * self._directions
            for suffix in ("", "_reverse")[: self._directions]:
                found += [
                    Weight(f"weight_ih_l{layer}{suffix}", (rows, columns)),
                    Weight(f"weight_hh_l{layer}{suffix}", (rows, self.hidden)),
                    *(Weight(f"{name}_l{layer}{suffix}", (rows,), "bias") for name in ("bias_ih", "bias_hh")[: self.biases]),
                ]
        return tuple(found)

    def macs(self, x: Shape, y: Shape) -> int:
        return x[0] * sum(w.size for w in self.weights(x) if w.role == "weight")

    def _saved_by_steps(self, length: int) -> int:
        """Return the numbers that the steps of one layer and direction keep, initial states included."""
        # The gates and further numbers, seven hidden states in total, for both LSTM and GRU.
        return 7 * self.hidden * length

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # As PyTorch's own steps do without cuDNN or oneDNN, which have workspaces of their own: each direction copies the
        # input, step by step of all examples; both directions of a further layer read the same sequence.
        x = xs[0]
        assert isinstance(x, Shape)
        further = (self.layers - 1) * x[0] * self.hidden * self._directions
        steps = self.layers * self._directions * self._saved_by_steps(x[0])
        return Saved(copies=self._directions, numbers=further + steps)

    def step(self) -> Step:
        """Return the function that computes one step from the input's part, the hidden state's part and both states."""
        raise NotImplementedError

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        # The states of every step in addition to the result, before directions are put together, and of the layer below.
        last, both, several = self.returns == "last", self._directions > 1, self.layers > 1
        return xs[0][0] * self.hidden * self._directions * (last + (several or (both and not last)) + several)

    def shared_scratch(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> int:
        # The input's part of some steps' gates.
        return self._directions * min(1 << 20, batch * xs[0][0] * self.gates * self.hidden)

    def product(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> MatrixProduct:
        units = self.gates * self.hidden
        rows = min(batch * xs[0][0], max(batch, (1 << 20) // units))
        return MatrixProduct(rows, max(xs[0].channels, self.hidden), units, min(threads, self._directions))

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.sequence.recurrent(x, w, self.layers, self.bidirectional, self.returns == "last", self.step(), run)


_HIDDEN = "hidden units: numbers of the state"
_HIDDEN_NAMES = ("hidden_size", "units", "num_units")
_LAYERS = "recurrent layers, one reading the other"
_BIDIRECTIONAL = "a second network reads from the end; both results are concatenated"
_BIASES = "bias vectors per gate: 2 as in PyTorch and cuDNN, 1 as in Keras's LSTM, or none"
#: Keras says `return_sequences: true`.
_RETURNS = Choice("last", "sequence", also={"true": "sequence", "false": "last", "sequences": "sequence", "all": "sequence"})
_RETURN_NAMES = ("return_sequences", "return_state")
_RETURN = "the upper layer's final state (of both directions, concatenated), or its state at every step"


class Rnn(_Recurrent, kind="rnn"):
    """Elman's recurrent layer: h ← tanh(W x + b + U h + c). h·(x + h + biases) parameters per layer and direction.

    Source: Elman 1990; two bias vectors as in PyTorch and cuDNN.
    """

    also = ("simplernn", "elman", "recurrent")
    gates = 1
    hidden: int = option(Count(pair=1), _HIDDEN, main=True, also=_HIDDEN_NAMES)
    layers: int = option(Count(), _LAYERS, default=1, also=("num_layers",))
    bidirectional: bool = option(Flag(), _BIDIRECTIONAL, default=False)
    biases: int = option(Count(0, 2), _BIASES, default=2, also=("bias", "use_bias"), rare=True)
    returns: str = option(_RETURNS, _RETURN, default="last", name="return", also=_RETURN_NAMES)
    example = Example({"rnn": 4, "return": "sequence"}, (Shape(7, 3),), Shape(7, 4))

    def _saved_by_steps(self, length: int) -> int:
        return self.hidden * (length + 1)

    def step(self) -> Step:
        return kernels.sequence.rnn_step


class Lstm(_Recurrent, kind="lstm"):
    """Long short-term memory: input, forget, cell and output gates. 4·h·(x + h + biases) parameters per layer and direction.

    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000; two bias vectors as in PyTorch and cuDNN.
    """

    also = ("longshorttermmemory", "cudnnlstm", "bilstm")
    gates = 4
    hidden: int = option(Count(pair=1), _HIDDEN, main=True, also=_HIDDEN_NAMES)
    layers: int = option(Count(), _LAYERS, default=1, also=("num_layers",))
    bidirectional: bool = option(Flag(), _BIDIRECTIONAL, default=False)
    biases: int = option(Count(0, 2), _BIASES, default=2, also=("bias", "use_bias"), rare=True)
    returns: str = option(_RETURNS, _RETURN, default="last", name="return", also=_RETURN_NAMES)
    example = Example({"lstm": 5, "layers": 2, "bidirectional": True}, (Shape(7, 3),), Shape(10))

    def step(self) -> Step:
        return kernels.sequence.lstm_step


class Gru(_Recurrent, kind="gru"):
    """Gated recurrent unit: reset, update and new gates. 3·h·(x + h + biases) parameters per layer and direction.

    Source: Cho et al. 2014; two bias vectors as in PyTorch and cuDNN.
    """

    also = ("gatedrecurrentunit", "cudnngru", "bigru")
    gates = 3
    hidden: int = option(Count(pair=1), _HIDDEN, main=True, also=_HIDDEN_NAMES)
    layers: int = option(Count(), _LAYERS, default=1, also=("num_layers",))
    bidirectional: bool = option(Flag(), _BIDIRECTIONAL, default=False)
    biases: int = option(Count(0, 2), _BIASES, default=2, also=("bias", "use_bias"), rare=True)
    returns: str = option(_RETURNS, _RETURN, default="last", name="return", also=_RETURN_NAMES)
    example = Example({"gru": 4, "return": "sequence", "bidirectional": True}, (Shape(7, 3),), Shape(7, 8))

    def step(self) -> Step:
        return kernels.sequence.gru_step


class Attention(Pointwise, kind="attention"):
    """Self-attention of several heads with query, key, value and output projections. 4·C² + 4·C parameters.

    MACs 4·L·C² for the projections and 2·L²·C for the two products. Source: Vaswani et al. 2017, sec. 3.2.2.
    """

    accepts = "sequence"
    per_position = True
    also = ("multiheadattention", "selfattention", "mha", "multihead")
    torch_order = ("", "heads")
    heads: int = option(Count(), "heads, a divisor of the channels", main=True, also=("num_heads", "n_heads"))
    bias: bool = option(Flag(), "one learned number added per projected channel", default=True, also=("use_bias",))
    fused: bool = option(
        Flag(),
        "training: one kernel that keeps no scores; false for products and a softmax of their own",
        default=True,
        rare=True,
    )
    score_dropout: float = option(
        Number(least=0, below=1),
        "training: share of the scores that is dropped; a fused kernel keeps no mask",
        default=0.0,
        also=("attention_dropout", "attn_drop", "attn_pdrop"),
        rare=True,
    )
    example = Example({"attention": 2}, (Shape(7, 6),), Shape(7, 6))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return divided(x, "heads", self.heads)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        c = x.channels
        biases = (Weight("in_proj_bias", (3 * c,), "bias"), Weight("out_proj_bias", (c,), "bias")) if self.bias else ()
        return (Weight("in_proj_weight", (3 * c, c)), Weight("out_proj_weight", (c, c)), *biases)

    def macs(self, x: Shape, y: Shape) -> int:
        length, channels = x
        return 4 * length * channels**2 + 2 * length**2 * channels

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return whole(x.spatial)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # As in PyTorch: query, key, value and their mixture, and for each query and head a logarithm if the kernel is fused,
        # else the softmax of all scores; dropout keeps its mask and its result.
        length = y[0]
        per_query = 1 if self.fused else length * (3 if self.score_dropout else 1)
        return Saved(inputs=(0,), numbers=4 * y.size + self.heads * length * per_query)

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        # The sequence, queries scaled, keys, values and their mixture.
        return 6 * y.size

    def shared_scratch(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> int:
        # The scores of some queries on each thread (kernels.sequence).
        return threads * max(y[0], min(1 << 18, y[0] ** 2))

    def product(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> MatrixProduct:
        return MatrixProduct(batch * y[0], y.channels, 3 * y.channels, 1)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.sequence.attention(x, w, self.heads, run)
