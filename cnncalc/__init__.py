"""The calculator and the linter of CNN architectures: sizes, parameters, strides that do not fit."""

from cnncalc.network import Network, load, loads
from cnncalc.problem import Problem, SpecError
from cnncalc.shape import Shape

__version__ = "0.1.0"
__all__ = ["Network", "Problem", "Shape", "SpecError", "__version__", "load", "loads"]
