"""The content of a file's top level: blocks, vars, inputs, rows, expectations and budget."""

from __future__ import annotations

from cnncalc.dtype import DEFAULT
from cnncalc.language.row import Argument, Body
from cnncalc.language.source import YamlNode
from cnncalc.problem import Location
from cnncalc.shape import Flow, Shape
from cnncalc.values import Value


class Block:
    """A reusable group of rows; parameters without a default are None."""

    __slots__ = ("at", "body", "name", "parameter_locations", "parameters")

    def __init__(self, name: str, at: Location) -> None:
        self.name = name
        self.at = at
        self.parameters: dict[str, Argument | None] = {}
        self.parameter_locations: dict[str, Location] = {}
        self.body = Body(None, [])


class Document:
    """The content of a file: expressions of the top level are computed, rows are read but not yet expanded."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.description: str | None = None
        self.source: str | None = None
        self.layout = "channels_last"
        self.fit = "exact"
        self.dtype = DEFAULT
        self.vars: dict[str, Value | object] = {}
        self.var_locations: dict[str, Location] = {}
        self.inputs: dict[str, Flow | None] = {}
        self.blocks: dict[str, Block] = {}
        self.layers = Body(None, [])
        self.outputs: list[tuple[str, Location]] = []
        self.expect: dict[str, tuple[int, Location]] = {}
        self.expect_output: list[tuple[str | None, Shape, Location]] = []
        self.budget: dict[str, tuple[int, str, Location]] = {}
        #: The location of each rule in the file's `ignore`.
        self.ignored: list[tuple[str, Location]] = []
        self.ignore_node: YamlNode | None = None
        self.input_locations: dict[str, Location] = {}
        #: The names used by expressions outside of rows.
        self.used_names: set[str] = set()
