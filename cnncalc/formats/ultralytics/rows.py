"""YAML of Ultralytics → a model: classes, scales, activation and rows, each value with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from cnncalc.build.changes import Override
from cnncalc.build.problems import Problems
from cnncalc.formats.ultralytics.arguments import activation, plain
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode, describe, location
from cnncalc.problem import Location
from cnncalc.spelling import nearest
from cnncalc.values import Value, written

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


_KEYS = (
    *("nc", "ch", "channels", "scales", "scale", "depth_multiple", "width_multiple", "activation"),
    *("anchors", "kpt_shape", "reg_max", "end2end", "text_model", "backbone", "head"),
)
"""The keys that change the network."""

VARS = ("scale", "nc", "ch", "depth_multiple", "width_multiple")
"""Names that `--set` can change in addition to fields of layers."""


class Reader:
    """Reads the map of a file; invalid values are reported to `problems`."""

    def __init__(self, root: Mapping, problems: Problems, stem: str | None, given: Map[str, Override]) -> None:
        self._root = root
        self._problems = problems
        self._stem = stem or ""
        self._given = given

    def read(self) -> ScaledModel:
        model = ScaledModel()
        # Other keys are allowed, such as names, but a misspelt one would be without effect.
        for key, (at, _) in self._root.pairs.items():
            meant = nearest(key, _KEYS) if key not in _KEYS else None
            if meant is not None and meant not in self._root.pairs:
                self._problems.add("unknown-key", at, f"the key {written(key)} is not known; did you mean {meant}?")
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
            self._problems.add(
                "value",
                self._root.pairs["reg_max"][1],
                f"reg_max must be an integer from 1 to 1,024, got {_shown(model.names['reg_max'])}",
            )
            model.names["reg_max"] = 16
        for section in ("backbone", "head"):
            self._rows(section, model)
        return model

    def _whole(self, key: str, default: int) -> int:
        found = self._number(key, default, lambda n: isinstance(n, int) and 1 <= n <= 1_000_000, "an integer from 1 to 1,000,000")
        return int(found)

    def _factor(self, key: str) -> float:
        return float(self._number(key, 1.0, lambda n: 0 < n <= 100, "a number above 0 and at most 100"))

    def _number(self, key: str, default: float, fits: Callable[[float], bool], wanted: str) -> float:
        """The number that --set gives for a key, else the file's, else the default."""
        node, given = self._root.get(key), self._given.get(key)
        found = _plain_value(given.value) if given is not None else plain(node) if node is not None else default
        if isinstance(found, (int, float)) and not isinstance(found, bool) and fits(found):
            return found
        message = f"{key} must be {wanted}, got {_shown(found)}"
        if given is not None:
            self._refuse(given, message)
        elif node is not None:
            self._problems.add("value", node, message)
        return default

    def _refuse(self, given: Override, message: str) -> None:
        """Report a value of --set that the file cannot be read with."""
        self._problems.add("set", Location(), given.fault(message))
        self._problems.unusable = True

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
        given = self._given.get("scale")
        known = f"the scales are {', '.join(model.scales)}" if model.scales else "the file has no scales; remove it"
        own = self._root.get("scale")
        match = re.search(r"yolo(?:e-)?v?\d+([nslmx])", self._stem)
        if given is not None:
            asked = given.value
            if not isinstance(asked, str) or asked not in model.scales:
                self._refuse(given, f"there is no such scale; {known}")
                return
        elif own is not None and plain(own) is not None:
            asked = own.text if isinstance(own, Scalar) else ""
            if asked not in model.scales:
                self._problems.add("value", own, f"scale {_shown(plain(own))} is not known; {known}")
                return
        elif match is not None and match[1] in model.scales:
            asked = match[1]
        elif model.scales:
            asked = next(iter(model.scales))
            model.assumed = len(model.scales) > 1
        else:
            return
        model.scale = asked
        depth, width, model.most = model.scales[asked]
        # A multiple that --set gives replaces the scale's.
        model.depth = model.depth if "depth_multiple" in self._given else depth
        model.width = model.width if "width_multiple" in self._given else width

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


def _plain_value(value: Value) -> Any:
    return plain(Scalar(value, True, _START, _START)) if isinstance(value, str) else value


def _shown(value: Any) -> str:
    text = "nothing" if value in (None, "") else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
