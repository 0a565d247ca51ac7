"""YAML of Ultralytics → a model: classes, scales, activation and rows, each value with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from cnncalc.build.problems import Problems
from cnncalc.formats.ultralytics.arguments import activation, plain
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode, describe, location
from cnncalc.problem import Location
from cnncalc.values import written

#: Repeats of one row; the largest published one is 24.
MOST_REPEATS = 1000


@dataclass(slots=True)
class ModuleRow:
    """A row as written: its inputs, number of repeats, module and arguments."""

    index: int
    place: Location
    reads: list[int]
    reads_list: bool
    reads_at: Location
    number: int
    module: str
    module_at: Location
    arguments: list[Any]
    arguments_at: Location


@dataclass(slots=True)
class ScaledModel:
    """The whole file, with the chosen scale applied to `depth`, `width` and `most`."""

    classes: int = 80
    channels: int = 3
    scales: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    scale: str = ""
    depth: float = 1.0
    width: float = 1.0
    most: float = math.inf
    activation: str | None = "silu"
    anchors: Any = None
    names: dict[str, Any] = field(default_factory=dict)
    rows: list[ModuleRow | None] = field(default_factory=list)
    #: Whether the scale was neither named nor part of the file's name.
    assumed: bool = False


VARS = ("scale", "nc", "ch", "depth_multiple", "width_multiple")
"""Names that `--set` can change in addition to fields of layers."""


class Reader:
    """Reads the map of a file; invalid values are reported to `problems`."""

    def __init__(self, root: Mapping, problems: Problems, stem: str | None, given: Map[str, str]) -> None:
        self._root = root
        self._problems = problems
        self._stem = stem or ""
        self._given = given

    def read(self) -> ScaledModel:
        model = ScaledModel()
        model.classes = self._whole("nc", 80)
        model.channels = self._whole("ch", self._whole("channels", 3))
        model.depth = self._factor("depth_multiple")
        model.width = self._factor("width_multiple")
        self._scale(model)
        node = self._root.get("activation")
        if node is not None:
            model.activation = self._activation(node)
        model.anchors = plain(self._root.pairs["anchors"][1]) if "anchors" in self._root.pairs else None
        model.names = {"nc": model.classes, "anchors": model.anchors, "scale": model.scale, "ch": model.channels}
        for key, default in (("kpt_shape", [17, 3]), ("reg_max", 16), ("end2end", False)):
            pair = self._root.pairs.get(key)
            model.names[key] = plain(pair[1]) if pair else default
        if not isinstance(model.names["reg_max"], int) or not 1 <= model.names["reg_max"] <= 1024:
            self._problems.add("value", self._root.pairs["reg_max"][1], "reg_max must be an integer from 1 to 1024")
            model.names["reg_max"] = 16
        for section in ("backbone", "head"):
            self._rows(section, model)
        return model

    def _whole(self, key: str, default: int) -> int:
        node = self._root.get(key)
        found = plain(node) if node is not None else default
        if key in self._given:
            found = plain(Scalar(self._given[key], True, _START, _START))
        if isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= 1_000_000:
            return found
        at = location(node) if node is not None and key not in self._given else Location()
        self._problems.add("value", at, f"{key} must be an integer from 1 to 1,000,000, got {_shown(found)}")
        return default

    def _factor(self, key: str) -> float:
        node = self._root.get(key)
        found = plain(node) if node is not None else 1.0
        if key in self._given:
            found = plain(Scalar(self._given[key], True, _START, _START))
        if isinstance(found, (int, float)) and not isinstance(found, bool) and 0 < found <= 100:
            return float(found)
        at = location(node) if node is not None and key not in self._given else Location()
        self._problems.add("value", at, f"{key} must be a number above 0 and at most 100, got {_shown(found)}")
        return 1.0

    def _scale(self, model: ScaledModel) -> None:
        """Choose a scale: the one that is set, the file name's, the file's own key, or the first."""
        node = self._root.get("scales")
        if node is not None and not isinstance(node, Mapping):
            self._problems.add(
                "value", node, f"scales is a map from letters to [depth, width, most channels], not {describe(node)}"
            )
            node = None
        for letter, (_, value) in node.pairs.items() if isinstance(node, Mapping) else ():
            found = plain(value)
            if not isinstance(found, list) or len(found) != 3 or not all(_positive(one) for one in found):
                self._problems.add(
                    "value", value, f"scale {written(letter)} must be [depth, width, most channels], got {_shown(found)}"
                )
                continue
            model.scales[letter] = (float(found[0]), float(found[1]), float(found[2]))
        asked = self._given.get("scale")
        own = self._root.get("scale")
        match = re.search(r"yolo(?:e-)?v?\d+([nslmx])", self._stem)
        if asked is not None and asked not in model.scales:
            known = ", ".join(model.scales)
            advice = f"; the scales are {known}" if known else "; the file has no scales"
            self._problems.add("set", Location(), f"--set scale={written(asked)}: there is no such scale{advice}")
            self._problems.unusable = True
            return
        if asked is None and isinstance(own, Scalar) and own.text in model.scales:
            asked = own.text
        if asked is None and match is not None and match[1] in model.scales:
            asked = match[1]
        if asked is None and model.scales:
            asked = next(iter(model.scales))
            model.assumed = len(model.scales) > 1
        if asked is not None:
            model.scale = asked
            model.depth, model.width, model.most = model.scales[asked]

    def _activation(self, node: YamlNode) -> str | None:
        found = plain(node)
        if found is None:
            return "silu"
        kind = activation(found) if isinstance(found, str) else None
        if kind is None:
            self._problems.add(
                "value", node, f"activation {_shown(found)} is not known; write nn.SiLU(), nn.ReLU() or nn.LeakyReLU(0.1)"
            )
            return "silu"
        return kind or None

    def _rows(self, section: str, model: ScaledModel) -> None:
        pair = self._root.pairs.get(section)
        node = pair[1] if pair else None
        if not isinstance(node, Sequence):
            at = location(pair[0]) if pair else location(self._root)
            found_text = f"not {describe(node)}" if pair else "and is missing"
            self._problems.add("value", at, f"{section} is a list of rows [from, number, module, arguments], {found_text}")
            return
        for item in node.items:
            model.rows.append(self._row(item, len(model.rows), model))

    def _row(self, node: YamlNode, index: int, model: ScaledModel) -> ModuleRow | None:
        if not isinstance(node, Sequence) or len(node.items) != 4:
            found_text = f"a list of {len(node.items)}" if isinstance(node, Sequence) else describe(node)
            self._problems.add("row", node, f"row {index} must be [from, number, module, arguments], and this is {found_text}")
            return None
        reads_at, number_at, module_at, arguments_at = node.items
        reads = plain(reads_at)
        found = reads if isinstance(reads, list) else [reads]
        if not found or not all(isinstance(one, int) and not isinstance(one, bool) for one in found):
            self._problems.add(
                "value",
                reads_at,
                f"row {index} reads the number of a row or a list of them, such as -1 or [-1, 6], got {_shown(reads)}",
            )
            return None
        number = plain(number_at)
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MOST_REPEATS:
            self._problems.add("value", number_at, f"row {index} must repeat 1 to {MOST_REPEATS:,} times, got {_shown(number)}")
            return None
        if not isinstance(module_at, Scalar) or module_at.null:
            self._problems.add("value", module_at, f"row {index} needs the name of a module, not {describe(module_at)}")
            return None
        if not isinstance(arguments_at, Sequence):
            self._problems.add(
                "value", arguments_at, f"row {index}'s arguments must be a list, such as [64, 3, 2], not {describe(arguments_at)}"
            )
            return None
        return ModuleRow(
            index,
            location(node),
            found,
            isinstance(reads, list),
            location(reads_at),
            number,
            module_at.text,
            location(module_at),
            plain(arguments_at, model.names),
            location(arguments_at),
        )


class _Unplaced:
    line = column = 0


_START = _Unplaced()


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1e9


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
