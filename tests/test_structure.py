"""The structure of the package: no circles of imports, one class to a name, and files of at most 400 lines."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cnncalc

PACKAGE = Path(cnncalc.__file__).parent


def modules(package: Path) -> dict[str, Path]:
    """Return the files of a package by the names that they are imported by."""
    found = {}
    for file in package.rglob("*.py"):
        parts = file.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(text: str, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules among `known` that a file imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else str(node.module)


def circles(package: Path) -> list[list[str]]:
    """Return the modules on circles, each with those that it imports.

    Modules that import no other one, or that no other one imports, are taken away until only circles and ways between them are left.
    """
    known = modules(package)
    left = {name: set(imports(file.read_text("utf-8"), known)) & set(known) - {name} for name, file in known.items()}
    while free := {name for name, others in left.items() if not others} | (set(left) - set().union(*left.values())):
        left = {name: others - free for name, others in left.items() if name not in free}
    return [[name, *sorted(others)] for name, others in sorted(left.items())]


def test_no_file_imports_itself_through_others():
    assert circles(PACKAGE) == []


def test_a_circle_is_found(tmp_path):
    files = {
        "one.py": "from house import two\n",
        "two.py": "def late():\n    from house.three import name\n",
        "three.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import house.one\n",
        "above.py": "import house.one\n",
        "below.py": "import os\n",
    }
    package = tmp_path / "house"
    package.mkdir()
    for name, text in files.items():
        (package / name).write_text(text)
    assert circles(package) == [["house.one", "house.two"], ["house.three", "house.one"], ["house.two", "house.three"]]


def test_no_two_classes_have_one_name():
    places = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(file.name)
    assert len(places) > 100
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_no_file_is_longer_than_400_lines():
    lengths = {file.name: file.read_text("utf-8").count("\n") for file in PACKAGE.rglob("*.py")}
    assert sum(lengths.values()) > 1000
    assert {name: count for name, count in lengths.items() if count > 400} == {}
