"""The bundled networks, and the file that a name on the command line or in Python means."""

from __future__ import annotations

import os

from cnncalc.problem import Location, Problem, SpecError


def bundled() -> dict[str, str]:
    """The files of the bundled networks by name: inside the package once it is installed, beside it in a checkout."""
    package = os.path.dirname(os.path.abspath(__file__))
    for folder in (os.path.join(package, "specs"), os.path.join(os.path.dirname(package), "specs")):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        found = {name.removesuffix(".yaml"): os.path.join(folder, name) for name in names if name.endswith(".yaml")}
        if found:
            return found
    return {}


def _is_import(spec: str) -> bool:
    """Whether a spec is MODULE:CALLABLE, a PyTorch model: no file is looked for."""
    parts = spec.split(":")
    return len(parts) == 2 and all(part.isidentifier() for text in parts for part in text.removesuffix(".py").split("."))


def resolve(spec: str) -> str:
    """The file that a name means; a file of that name wins over a bundled network. Raises SpecError if there is neither."""
    if spec == "-" or "\0" in spec or os.path.isfile(spec) or os.path.dirname(spec):
        return spec
    if _is_import(spec):
        return spec
    known = bundled()
    if spec in known:
        # As one would type it, if it is below the current folder.
        return known[spec].removeprefix(os.path.join(os.getcwd(), ""))
    if os.path.lexists(spec):
        return spec
    stem = spec.removesuffix(".yaml").removesuffix(".yml")
    if stem in known:
        raise _missing(spec, f"there is no such file here; the bundled network is called {stem}")
    if stem == spec and known:
        from cnncalc.spelling import nearest

        near = nearest(spec, known)
        hint = f"did you mean {near}?" if near else "`cnncalc specs` lists the bundled networks"
        raise _missing(spec, f"there is no such file, and no bundled network of that name; {hint}")
    return spec


def _missing(spec: str, message: str) -> SpecError:
    return SpecError([Problem("file", "error", spec, Location(), None, message)])
