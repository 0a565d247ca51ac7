"""The calculator and the linter of CNN architectures: sizes, parameters, strides that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncalc.network import Network, load, loads
    from cnncalc.problem import Problem, SpecError
    from cnncalc.shape import Shape
    from cnncalc.studies.calls import diff, layer, sizes, solve
    from cnncalc.studies.search import feasible, sweep

__version__ = "0.1.0"
__all__ = [
    "Network",
    "Problem",
    "Shape",
    "SpecError",
    "__version__",
    "diff",
    "feasible",
    "layer",
    "load",
    "loads",
    "sizes",
    "solve",
    "sweep",
]

_HOMES = {
    "Network": "network",
    "load": "network",
    "loads": "network",
    "Problem": "problem",
    "SpecError": "problem",
    "Shape": "shape",
    "diff": "studies.calls",
    "feasible": "studies.search",
    "layer": "studies.calls",
    "sizes": "studies.calls",
    "solve": "studies.calls",
    "sweep": "studies.search",
}


def __getattr__(name: str) -> Any:
    """Import a name of __all__ on its first use, so that `cnncalc --help` reads no YAML."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
