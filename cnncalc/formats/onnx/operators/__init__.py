"""Translates each operator of ONNX, in every version from opset 7 on, to the vocabulary of tensor programs."""

from cnncalc.formats.onnx.operators import arithmetic, contributed, moves, norms, quantised, recurrent, sequences, windows

__all__ = ["arithmetic", "contributed", "moves", "norms", "quantised", "recurrent", "sequences", "windows"]
