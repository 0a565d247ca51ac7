"""Recurrent layers step by step, and self-attention."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from cnncalc.kernels.arrays import Array
from cnncalc.kernels.pointwise import sigmoid
from cnncalc.kernels.run import Arrays, Run

Step = Callable[[Array, Array, Array, Array], tuple[Array, Array]]
"""(input's part, hidden state's part, hidden state, cell state) → next hidden and cell state; parts are (batch, gates·hidden)."""


def _sigmoid(x: Array) -> Array:
    out = np.empty_like(x)
    sigmoid(x, out)
    return out


def rnn_step(seen: Array, kept: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """The new state h ← tanh(W x + b + U h + c)."""
    return np.tanh(seen + kept), c


def lstm_step(seen: Array, kept: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """Gates in the order input, forget, cell, output."""
    i, f, g, o = np.split(seen + kept, 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def gru_step(seen: Array, kept: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """Gates in the order reset, update, new; the reset gate applies after the hidden state's weights, as in PyTorch and cuDNN."""
    r, z, n = np.split(seen, 3, axis=1)
    hr, hz, hn = np.split(kept, 3, axis=1)
    reset, update = _sigmoid(r + hr), _sigmoid(z + hz)
    new = np.tanh(n + reset * hn)
    return new + update * (h - new), c


def recurrent(x: Array, w: Arrays, layers: int, bidirectional: bool, last: bool, step: Step, run: Run) -> Array:
    """`x`, (batch, channels, length), through `layers` recurrent layers: a sequence, or the upper layer's state at the end.

    The state at the end of a bidirectional layer is the forward network's after the last step beside the backward network's
    after the first (PyTorch's `h_n`), that is, each after it has read everything.
    """
    sequence = np.ascontiguousarray(x.transpose(2, 0, 1))
    found: list[Array] = []
    for layer in range(layers):
        suffixes = ("", "_reverse") if bidirectional else ("",)
        found = [sequence] * len(suffixes)

        def one(direction: int, layer: int = layer, sequence: Array = sequence, found: list[Array] = found) -> None:
            key = f"_l{layer}" + ("_reverse" if direction else "")
            found[direction] = _direction(sequence, w, key, bool(direction), step)

        run.workers.parallel_for(one, len(suffixes))
        if layer < layers - 1 or not last:
            sequence = np.concatenate(found, axis=2) if bidirectional else found[0]
    if last:
        return np.concatenate([states[0 if direction else -1] for direction, states in enumerate(found)], axis=1)
    return sequence.transpose(1, 2, 0)


#: Numbers of the input's part of the gates in memory at a time.
_SEEN = 1 << 20


def _direction(sequence: Array, w: Arrays, key: str, backwards: bool, step: Step) -> Array:
    """Return the hidden state at each step, (length, batch, hidden), in the order of the sequence."""
    length, batch = sequence.shape[:2]
    weight, kept = w["weight_ih" + key], w["weight_hh" + key].T
    bias = w.get("bias_hh" + key, np.zeros(1, sequence.dtype))
    h = np.zeros((batch, kept.shape[0]), sequence.dtype)
    c = h
    states = np.empty((length, *h.shape), sequence.dtype)
    # The input's part is computed for some steps at a time, so that it takes little memory.
    most = max(1, _SEEN // (batch * weight.shape[0]))
    chunks = [slice(first, min(first + most, length)) for first in range(0, length, most)]
    for chunk in reversed(chunks) if backwards else chunks:
        seen = sequence[chunk].reshape(-1, sequence.shape[2]) @ weight.T
        if "bias_ih" + key in w:
            seen += w["bias_ih" + key]
        seen = seen.reshape(-1, batch, weight.shape[0])
        steps = range(chunk.start, chunk.stop)
        for t in reversed(steps) if backwards else steps:
            h, c = step(seen[t - chunk.start], h @ kept + bias, h, c)
            states[t] = h
        del seen
    return states


#: Attention scores in memory per task: queries are processed in chunks, so that a long sequence needs no length² memory.
_SCORES = 1 << 18


def attention(x: Array, w: Arrays, heads: int, run: Run) -> Array:
    """Self-attention over `x`, (batch, channels, length): softmax(q·kᵀ/√d)·v per head, then a projection.

    Source: Vaswani et al. 2017, sec. 3.2; weights as in PyTorch's MultiheadAttention.
    """
    batch, channels, length = x.shape
    xs = np.ascontiguousarray(x.transpose(0, 2, 1))
    rows = xs.reshape(-1, channels) @ w["in_proj_weight"].T
    if "in_proj_bias" in w:
        rows += w["in_proj_bias"]
    # (3, batch, heads, length, channels per head)
    q, k, v = rows.reshape(batch, length, 3, heads, -1).transpose(2, 0, 3, 1, 4)
    q = q * x.dtype.type(1 / math.sqrt(q.shape[-1]))
    mixed = np.empty((batch, length, heads, q.shape[-1]), x.dtype)
    step = max(1, _SCORES // length)
    tasks = [(n, head, start) for n in range(batch) for head in range(heads) for start in range(0, length, step)]

    def task(i: int) -> None:
        n, head, start = tasks[i]
        scores = q[n, head, start : start + step] @ k[n, head].T
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        mixed[n, start : start + step, head] = scores @ v[n, head]

    run.workers.parallel_for(task, len(tasks))
    out = mixed.reshape(-1, channels) @ w["out_proj_weight"].T
    if "out_proj_bias" in w:
        out += w["out_proj_bias"]
    return out.reshape(batch, length, channels).transpose(0, 2, 1)
