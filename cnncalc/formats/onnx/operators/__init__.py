"""What each operator of ONNX is in the vocabulary of tensor programs, for every version from opset 7 on."""

from cnncalc.formats.onnx.operators import arithmetic, contributed, moves, norms, quantised, recurrent, sequences, windows

__all__ = ["arithmetic", "contributed", "moves", "norms", "quantised", "recurrent", "sequences", "windows"]
