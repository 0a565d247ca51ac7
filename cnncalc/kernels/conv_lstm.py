"""Convolutional LSTM, step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnncalc.kernels.arrays import Array, owner
from cnncalc.kernels.convolve import convolve
from cnncalc.kernels.pointwise import sigmoid
from cnncalc.kernels.run import NO_EPILOGUE, Arrays, Run
from cnncalc.window import Window, same_padding


def conv_lstm(x: Array, w: Arrays, windows: tuple[Window, ...], last: bool, run: Run) -> Array:
    """Run an LSTM over the maps of `x`, (batch, channels, time, *spatial); its gates are input, forget, cell and output.

    The state is convolved with stride 1 and padding SAME, as in Keras.
    """
    run = replace(run, overwrite=False, epilogue=NO_EPILOGUE)
    states: list[Array] = []
    h: Array | None = None
    c: Array | None = None
    inner: tuple[Window, ...] = ()
    for t in range(x.shape[2]):
        gates = convolve(np.ascontiguousarray(x[:, :, t]), w["weight_ih"], w["bias"], windows, 1, run)
        if h is None:
            inner = tuple(
                Window(seen.kernel_size, 1, *same_padding(n, seen.kernel_size, 1, 1))
                for seen, n in zip(windows, gates.shape[2:], strict=True)
            )
        else:
            kept = convolve(h, w["weight_hh"], None, inner, 1, run.floored())
            gates += kept
            run.workers.buffers.give_back(owner(kept))
        i, f, g, o = (np.ascontiguousarray(part) for part in np.split(gates, 4, axis=1))
        run.workers.buffers.give_back(owner(gates))
        for gate in (i, f, o):
            sigmoid(gate, gate)
        new = i * np.tanh(g)
        c = new if c is None else f * c + new
        h = o * np.tanh(c)
        if not last:
            states.append(h)
    assert h is not None
    return h if last else np.stack(states, axis=2)
