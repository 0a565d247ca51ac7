"""Networks of Ultralytics' YAML files (YOLO, RT-DETR): a `backbone` and a `head` of rows [from, number, module, arguments].

Modules are laid out as the packages `ultralytics` and `yolov5` do, under the names of their state dicts (`model.2.cv1.conv`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source
from cnncalc.language.compose import compose
from cnncalc.language.source import Mapping, location
from cnncalc.problem import Location, Problem, SpecError

if TYPE_CHECKING:
    from cnncalc.build.changes import Changes

SUFFIXES = (".yaml", ".yml")
ABOUT = "Ultralytics YAML (backbone and head)"

_BACKBONE = re.compile(rb"^[\"']?backbone[\"']?[ \t]*:(?>\s+|#.*|[&!]\S+)*+[-\[]", re.MULTILINE)
_OWN = re.compile(rb"^[\"']?(?:layers|input)[\"']?[ \t]*:", re.MULTILINE)


def claims(first_bytes: bytes) -> bool:
    r"""Whether a file begins like one of these: at its top level `backbone` is a list, and `layers` and `input` are no keys.

    >>> claims(b"nc: 80\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n"), claims(b"backbone:\n  type: ResNet\nhead: FPN\n")
    (True, False)
    """
    text = first_bytes.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    return _BACKBONE.search(text) is not None and _OWN.search(text) is None


def read(source: Source, changes: Changes) -> Reading:
    """The network of a file. Raises SpecError if the text is not YAML or a change cannot be applied."""
    from cnncalc.formats.ultralytics.layout import lay_out
    from cnncalc.formats.ultralytics.rows import VARS, Reader

    problems = Problems(source.file)
    problems.layout = changes.layout or "channels_first"
    early: list[Problem] = []
    root = compose(source.text, source.file, early)
    for problem in early:
        problems.add(problem.rule, problem.location, problem.message)
    if not isinstance(root, Mapping):
        problems.add(
            "yaml", location(root) if root is not None else Location(1, 1, 1, 1), "a network is a map with backbone and head"
        )
        raise SpecError(problems.sorted())
    changes.check_vars(VARS)
    model = Reader(root, problems, source.stem, changes.vars).read()
    if problems.unusable or not any(model.rows):
        raise SpecError(problems.sorted())
    builder = Builder(problems, changes)
    return lay_out(model, builder, problems, source, changes)
