"""Normalisation, and the learned factor per channel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.advice import divided
from cnncalc.layers.base import Example, Pointwise, Weight
from cnncalc.layers.memory import INPUT_SAVED, NOTHING_SAVED, Grad, Saved
from cnncalc.layers.option import Choice, Count, Flag, Number, Numbers, option
from cnncalc.shape import Flow, LayerError, Shape

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run

_EPSILON_NAMES = ("eps", "variance_epsilon")


class Normalising(Pointwise):
    """A layer whose result has a spread of about 1 for any input."""

    def averaged(self, x: Shape) -> tuple[int, str] | None:
        """Return how many numbers of `x` share a mean, and what a single one is called; None if it takes no mean of `x`."""
        return None

    def alone(self) -> str:
        """Return what becomes of a number that is normalised alone."""
        return "the learned offset" if getattr(self, "affine", False) else "0"

    def spread(self, weight: Weight, gain: float) -> tuple[float, float]:
        return (1 if weight.name in ("weight", "running_var") else 0), 0.1


def _affine(channels: int, affine: bool) -> tuple[Weight, ...]:
    return (Weight("weight", (channels,)), Weight("bias", (channels,), "bias")) if affine else ()


class BatchNorm(Normalising, kind="batchnorm"):
    """Normalises each channel to mean 0 and variance 1, here by running statistics. 2·C parameters, 2·C buffers.

    Source: Ioffe & Szegedy 2015.
    """

    fuses_epilogue = True
    also = ("bn", "batchnormalization", "batch_norm", "syncbatchnorm", "frozenbatchnorm")
    torch_order = ("", "epsilon")
    affine: bool = option(Flag(), "a learned factor and offset per channel", default=True, also=("scale", "center"))
    epsilon: float = option(Number(above=0), "added to the variance", default=1e-5, also=_EPSILON_NAMES)
    example = Example({"batchnorm": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        statistics = (Weight("running_mean", (x.channels,), "buffer"), Weight("running_var", (x.channels,), "buffer"))
        return _affine(x.channels, self.affine) + statistics

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # Mean and inverse deviation of each channel over the batch.
        return Saved(inputs=(0,), statistics=2 * y.channels)

    def per_channel(self, w: Arrays) -> tuple[Array | None, Array | None]:
        deviation = (w["running_var"] + w["running_var"].dtype.type(self.epsilon)) ** 0.5
        factor = w["weight"] / deviation if "weight" in w else 1 / deviation
        offset = w["running_mean"] * factor
        return factor, w["bias"] - offset if "bias" in w else -offset


class InstanceNorm(Normalising, kind="instancenorm"):
    """Normalises each channel of each example to mean 0 and variance 1 over its cells.

    Source: Ulyanov et al. 2016.
    """

    also = ("instancenormalization", "instance_norm")
    accepts = "map"
    affine: bool = option(Flag(), "a learned factor and offset per channel", default=False)
    epsilon: float = option(Number(above=0), "added to the variance", default=1e-5, also=_EPSILON_NAMES)
    example = Example({"instancenorm": None, "affine": True}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def averaged(self, x: Shape) -> tuple[int, str]:
        return math.prod(x.spatial), "the only cell of each channel"

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return _affine(x.channels, self.affine)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # PyTorch repeats the weight for each example, and normalises examples as channels of one.
        return Saved(inputs=(0,), numbers=(3 if self.affine else 2) * y.channels)

    def shared_scratch(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> int:
        return 2 * min(1 << 18, y.size)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.norm.group_norm(x, x.shape[1], w.get("weight"), w.get("bias"), self.epsilon)


class LayerNorm(Normalising, kind="layernorm"):
    """Normalises the channels at each position to mean 0 and variance 1, or over `all` numbers of an example. 2·C parameters.

    Over `all` it has a factor and an offset for each number, 2·H·W·C, as PyTorch's `LayerNorm([C, H, W])`.
    Source: Ba et al. 2016; over channels as in Liu et al. 2022, ConvNeXt.
    """

    also = ("layernormalization", "layer_norm", "ln")
    torch_order = ("", "epsilon")
    over: str = option(
        Choice("channels", "all"), "the channels at each position, or all numbers together", default="channels", rare=True
    )
    epsilon: float = option(Number(above=0), "added to the variance", default=1e-6, also=_EPSILON_NAMES)
    affine: bool = option(
        Flag(), "a learned factor and offset per channel, or per number", default=True, also=("elementwise_affine",)
    )
    example = Example({"layernorm": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def averaged(self, x: Shape) -> tuple[int, str]:
        return (x.size, "the only number") if self.over == "all" else (x.channels, "the only channel")

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        if self.over == "channels":
            return _affine(x.channels, self.affine)
        shape = (x.channels, *x.spatial)
        return (Weight("weight", shape), Weight("bias", shape, "bias")) if self.affine else ()

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # Mean and inverse deviation of each position, or of the example.
        return Saved(inputs=(0,), numbers=2 * (1 if self.over == "all" else y.size // y.channels))

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        return 2 * y.size if self.over == "all" else 0

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        if self.over == "all":
            return kernels.norm.layer_norm_all(x, w.get("weight"), w.get("bias"), self.epsilon)
        return kernels.norm.layer_norm(x, w.get("weight"), w.get("bias"), self.epsilon, run)


class RMSNorm(Normalising, kind="rmsnorm"):
    """Divides the channels at each position by the root of their mean square. C parameters.

    Source: Zhang & Sennrich 2019, Root Mean Square Layer Normalization, eq. 4.
    """

    also = ("rmsnormalization", "rms_norm", "simplifiedlayernormalization")
    affine: bool = option(Flag(), "a learned factor per channel", default=True, also=("elementwise_affine",))
    epsilon: float = option(Number(above=0), "added to the mean square", default=1e-6, also=_EPSILON_NAMES)
    example = Example({"rmsnorm": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def averaged(self, x: Shape) -> tuple[int, str]:
        return x.channels, "the only channel"

    def alone(self) -> str:
        return "its sign"

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return _affine(x.channels, self.affine)[:1]

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The inverse root of each position; for the gradient of the factors, the quotients.
        return Saved(inputs=(0,), numbers=y.size // y.channels + (y.size if self.affine and grad.weights else 0))

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.norm.rms_norm(x, w.get("weight"), self.epsilon, run)


class GlobalResponseNorm(Normalising, kind="global_response_norm"):
    """Scales each channel by its norm over the map relative to the mean norm of all channels, and adds the input. 2·C parameters.

    y = γ·x·n + β + x with n = ‖x_c‖ / (mean of ‖x_c‖ + epsilon). Source: Woo et al. 2023, ConvNeXt V2, eq. 3.
    """

    accepts = "map"
    also = ("grn", "globalresponsenormalization")
    epsilon: float = option(Number(above=0), "added to the mean norm", default=1e-6, also=_EPSILON_NAMES)
    example = Example({"global_response_norm": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return _affine(x.channels, affine=True)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The input, its norms and their mean, the relative norms, and the input times these.
        return Saved(inputs=(0,), numbers=2 * y.channels + 1 + y.size)

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        return 2 * y.size

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.norm.global_response_norm(x, w["weight"], w["bias"], self.epsilon)


class GroupNorm(Normalising, kind="groupnorm"):
    """Normalises the channels of each group to mean 0 and variance 1 over all cells. 2·C parameters.

    Source: Wu & He 2018.
    """

    also = ("groupnormalization", "group_norm", "gn")
    torch_order = ("groups", "", "epsilon")
    groups: int = option(Count(pair=0), "parts that the channels are divided into", main=True, also=("num_groups",))
    affine: bool = option(Flag(), "a learned factor and offset per channel", default=True)
    epsilon: float = option(Number(above=0), "added to the variance", default=1e-5, also=_EPSILON_NAMES)
    example = Example({"groupnorm": 2}, (Shape(3, 5, 6),), Shape(3, 5, 6))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return divided(x, "groups", self.groups)

    def averaged(self, x: Shape) -> tuple[int, str]:
        return x.size // self.groups, "the only number of each group"

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return _affine(x.channels, self.affine)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return Saved(inputs=(0,), numbers=2 * self.groups)

    def shared_scratch(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> int:
        # Differences from the mean and their squares, of some cells at a time.
        return 2 * min(1 << 18, y.size)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.norm.group_norm(x, self.groups, w.get("weight"), w.get("bias"), self.epsilon)


class LocalResponseNorm(Pointwise, kind="lrn"):
    """Divides each number by (k + alpha/size · Σ x²)^beta over `size` neighbouring channels.

    Source: Krizhevsky et al. 2012, sec. 3.3, with alpha divided by the size as PyTorch does.
    """

    also = ("localresponsenorm", "localresponsenormalization", "crossmaplrn")
    size: int = option(
        Count(), "neighbouring channels in the sum", default=5, main=True, also=("local_size", "depth_radius", "n")
    )
    alpha: float = option(Number(), "factor of the sum", default=1e-4)
    beta: float = option(Number(), "exponent", default=0.75)
    k: float = option(Number(), "added to the sum", default=1.0, also=("bias",))
    temporaries = 3
    example = Example({"lrn": 3}, (Shape(2, 5, 7),), Shape(2, 5, 7))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The squares, padded by size − 1 channels; k + alpha · their mean; its power, the divisor.
        positions = y.size // y.channels
        return Saved(inputs=(0,), numbers=positions * (y.channels + self.size - 1) + 2 * y.size)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.norm.local_response_norm(x, self.size, self.alpha, self.beta, self.k, run)


class Standardize(Normalising, kind="standardize"):
    """(x − mean)/√variance of each channel, by statistics of the data that were measured before training.

    `mean` and `variance` are constants. Without them the statistics are stored with the weights: 2·C + 1 buffers, the last one
    the number of examples, as Keras's `Normalization` counts them.
    """

    also = ("normalization", "standardization")
    mean: tuple[float, ...] | None = option(Numbers(), "mean of the data", default=None)
    variance: tuple[float, ...] | None = option(Numbers(least=0), "variance of the data", default=None, also=("var",))
    example = Example({"standardize": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def check(self) -> None:
        if (self.mean is None) != (self.variance is None):
            other = "variance" if self.variance is None else "mean"
            raise LayerError(f"standardize needs mean and variance, or neither; {other} is missing", field=other, rule="missing")

    def output_shape(self, x: Shape, fit: str) -> Shape:
        for field, numbers in (("mean", self.mean), ("variance", self.variance)):
            if numbers is not None and len(numbers) not in (1, x.channels):
                raise LayerError(f"{field} has {len(numbers)} numbers, and {{}} has {x.channels} channels", x, field=field)
        return x

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        if self.mean is not None:
            return ()
        shapes = {"running_mean": x.channels, "running_var": x.channels, "count": 1}
        return tuple(Weight(name, (size,), "buffer") for name, size in shapes.items())

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        import numpy as np

        pair = (w["running_mean"], w["running_var"]) if w else (self.mean, self.variance)
        mean, variance = (np.broadcast_to(np.asarray(one, x.dtype), x.shape[1]) for one in pair)
        # The smallest deviation is the epsilon of Keras's backend.
        factor = 1 / np.maximum(np.sqrt(variance), x.dtype.type(1e-7))
        return kernels.pointwise.per_channels(x, factor, -mean * factor, run)


class Scale(Normalising, kind="scale"):
    """Multiplies each channel by a learned factor: C parameters.

    Source: Touvron et al. 2021, LayerScale.
    """

    fuses_epilogue = True
    also = ("layerscale",)
    example = Example({"scale": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (x.channels,)),)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return INPUT_SAVED if grad.weights else NOTHING_SAVED

    def per_channel(self, w: Arrays) -> tuple[Array | None, Array | None]:
        return w["weight"], None
