"""Names that stand for one thing in the whole package."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import cnncalc


def test_no_two_classes_have_one_name():
    places = defaultdict(list)
    for file in sorted(Path(cnncalc.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(file.name)
    assert len(places) > 100
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
