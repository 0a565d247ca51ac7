"""Reads the top level of a file, key by key, before any row is expanded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from cnncalc import values
from cnncalc.build.cache import Cache
from cnncalc.build.problems import Problems
from cnncalc.dtype import DTYPES
from cnncalc.language.arguments import ArgumentReader
from cnncalc.language.content import IN_BYTES, Block, Document, Parsed
from cnncalc.language.expression import UNKNOWN, Names, Unknown
from cnncalc.language.names import identifier_fault, name_fault
from cnncalc.language.naming import name_rows
from cnncalc.language.row import FAULTY, ROW_KEYS, Argument, TextLines
from cnncalc.language.rows import Before, RowReader
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode, describe, location, value_of
from cnncalc.language.template import evaluate, names_in
from cnncalc.layers import KINDS
from cnncalc.problem import ERROR_RULES, IGNORABLE, Location
from cnncalc.shape import LAYOUTS, Flow, LayerError
from cnncalc.spelling import did_you_mean, nearest
from cnncalc.values import Map, Value, written
from cnncalc.window import FITS

T = TypeVar("T")

_IN_ROWS = LayerError("in_channels is known in rows only", rule="expression")

TOP_KEYS = (
    "name", "description", "source", "input", "layers", "blocks", "vars", "fit", "dtype", "layout",
    "outputs", "expect", "budget", "ignore",
)  # fmt: skip
EXPECTED = ("output", "parameters", "trainable", "buffers", "macs")
BUDGETED = ("parameters", "trainable", "macs", *IN_BYTES)


class DocumentReader:
    """Reads the top level. `set_vars` overrides vars by name before any expression is computed. Known rows are not read again."""

    def __init__(self, parsed: Parsed, text: str, problems: Problems, set_vars: dict[str, Value], cache: Cache) -> None:
        self._root = parsed.root
        self._lines = TextLines(text)
        self._problems = problems
        self._set_vars = set_vars
        self._known = parsed.rows
        self._vars_known: dict[str, Value | object] = {}
        self._names = Names(self._vars_known, _IN_ROWS)
        self._cache = cache
        #: Rows of the last reading, by node and layout.
        self._before: Before = {}
        self._used: set[str] = set()
        #: The keys that unknown keys probably mean; these are not reported as missing.
        self._meant: set[str] = set()

    def read(self) -> Document:
        """Return the document; `problems.unusable` is set if the file does not describe a network."""
        found = Document()
        found.used_names = self._used
        root = self._root
        if root is None:
            self._unusable("missing", Location(1, 1, 1, 1), "the file is empty; a network has input and layers")
            return found
        if not isinstance(root, Mapping):
            from cnncalc.language.syntax import no_network

            self._unusable("yaml", *no_network(root))
            return found
        for key, (at, _) in root.pairs.items():
            if key not in TOP_KEYS and not key.startswith("x-"):
                self._unknown_key(key, at)
        self._vars(found)
        found.layout = self._word(root, "layout", LAYOUTS, found.layout)
        self._problems.layout = found.layout
        found.fit = self._word(root, "fit", FITS, found.fit)
        found.dtype = self._word(root, "dtype", DTYPES, found.dtype)
        found.dtype_known = (self._get(root, "dtype") or (None, found.dtype))[1] == found.dtype
        found.name, found.description, found.source = (self._text(root, key) for key in ("name", "description", "source"))
        self._ignore(root, found)
        self._input(found)
        known = self._known(found.layout)
        if known is not None:
            found.blocks, found.layers = known.blocks, known.layers
        else:
            self._before, self._cache.rows = self._cache.rows, {}
            self._blocks(found)
            self._rows(root, found)
        self._outputs(found)
        self._expect(found)
        self._budget(found)
        return found

    def _unknown_key(self, key: str, at: Scalar) -> None:
        from cnncalc.language.foreign import TOP_KEYS_ELSEWHERE

        near = nearest(key, [*TOP_KEYS, *TOP_KEYS_ELSEWHERE])
        self._meant.add(TOP_KEYS_ELSEWHERE.get(near, near) if near else key)
        hint = f"; did you mean {TOP_KEYS_ELSEWHERE.get(near, near)}?" if near else did_you_mean(key, TOP_KEYS)
        self._problems.add("unknown-key", at, f"a network has no {written(key)}{hint}")

    def _rows(self, root: Mapping, found: Document) -> None:
        reader = self._reader({}, found)
        rows = root.get("layers")
        if rows is None and "layers" in self._meant:
            self._problems.unusable = True
        elif rows is None:
            self._unusable("missing", Location(1, 1, 1, 1), "there are no layers; write layers: and a row behind a dash for each")
        else:
            found.layers = reader.body(rows, "layers")
            name_rows(found.layers, self._problems)
            if not isinstance(rows, Sequence) or not rows.items:
                if isinstance(rows, Sequence):
                    self._problems.add(
                        "missing", root.pairs["layers"][0], "layers has no rows; write one behind a dash for each layer"
                    )
                self._problems.unusable = True

    def _unusable(self, rule: str, at: Location, message: str) -> None:
        self._problems.add(rule, at, message)
        self._problems.unusable = True

    def _reader(self, parameters: dict[str, Argument | None], found: Document) -> RowReader:
        return RowReader(self._problems, parameters, found, self._cache, self._lines, self._before)

    def _value(self, node: YamlNode) -> Value | object:
        """Return a top-level value with its expressions computed; FAULTY if one of them cannot be computed."""
        reader = ArgumentReader(self._problems, self._vars_known, in_rows=False)
        before = len(self._problems)
        argument = reader.argument(Scalar("", False, _Unwritten, _Unwritten), node)
        self._used |= names_in(argument.value)
        if argument.value is FAULTY or len(self._problems) > before:
            return FAULTY
        try:
            return evaluate(argument.value, self._names)
        except LayerError as fact:
            self._problems.error(fact, node)
        except Unknown:
            # The value uses a faulty var, which has been reported.
            pass
        return FAULTY

    def _get(self, root: Mapping, key: str) -> tuple[YamlNode, Value] | None:
        """Return the node and value of a top-level key, None if the key is absent or its value is faulty."""
        node = root.get(key)
        if node is None:
            return None
        value = self._value(node)
        if value is FAULTY:
            return None
        return node, value  # type: ignore[return-value]  # not FAULTY, hence a value

    def _text(self, root: Mapping, key: str) -> str | None:
        got = self._get(root, key)
        if got is None or got[1] is None:
            return None
        if not isinstance(got[1], str):
            self._problems.add("value", got[0], f"{key} is text, not {describe(got[0])}")
            return None
        return got[1]

    def _word(self, root: Mapping, key: str, words: tuple[str, ...], default: str) -> str:
        got = self._get(root, key)
        if got is None:
            return default
        if got[1] not in words:
            from cnncalc.language.foreign import meant_word

            choices = f"{', '.join(words[:-1])} or {words[-1]}"
            hint = meant_word(str(got[1]), words)
            self._problems.add("value", got[0], f"{key} is {choices}, not {written(got[1])}{hint}")
            return default
        return str(got[1])

    def _map(self, root: Mapping, key: str, what: str) -> Mapping | None:
        node = root.get(key)
        if node is None or isinstance(node, Mapping):
            return node
        from cnncalc.language.listed import listed_map

        meant = listed_map(node)
        if not (isinstance(node, Scalar) and node.null):
            hint = f"; write {written(value_of(meant))}" if meant is not None else ""
            self._problems.add("value", node, f"{key} is a map {what}, not {describe(node)}{hint}")
        return meant

    def _vars(self, found: Document) -> None:
        assert isinstance(self._root, Mapping)
        node = self._map(self._root, "vars", "from names to numbers or words")
        pairs = node.pairs if node else {}
        for name, (key, value_node) in pairs.items():
            fault = identifier_fault(name)
            if fault:
                self._problems.add("name", key, fault)
                continue
            found.var_locations[name] = location(key)
            if name in self._set_vars:
                found.vars[name] = self._set_vars[name]
            else:
                value = self._value(value_node)
                if isinstance(value, Map) and value is not FAULTY:
                    self._problems.add("value", value_node, f"the var {name} is a number or a word, not a map")
                    value = FAULTY
                found.vars[name] = UNKNOWN if value is FAULTY else value
            self._vars_known[name] = found.vars[name]

    def _ignore(self, root: Mapping, found: Document) -> None:
        got = self._get(root, "ignore")
        if got is None:
            return
        node, value = got
        found.ignore_node = node
        names = value if isinstance(value, tuple) and not isinstance(value, Map) else (value,)
        for item, name in zip(node.items if isinstance(node, Sequence) else [node] * len(names), names, strict=True):
            if not isinstance(name, str):
                self._problems.add("value", item, f"ignore is the name of a rule, or a list of names, not {written(name)}")
            elif name in IGNORABLE:
                found.ignored.append((name, location(item)))
            elif name in ERROR_RULES:
                self._problems.add("value", item, f"{name} cannot be ignored: of the errors only stride-fit can")
            else:
                hint = did_you_mean(name, IGNORABLE)
                self._problems.add("value", item, f"there is no rule {written(name)}{hint}")
        self._problems.ignored = frozenset(name for name, _ in found.ignored)

    def _input(self, found: Document) -> None:
        assert isinstance(self._root, Mapping)
        node = self._root.get("input")
        rows = self._root.get("layers")
        if node is None:
            from cnncalc.language.listed import begins_with_input

            if "input" in self._meant or begins_with_input(rows):
                self._problems.unusable = True
            else:
                self._unusable("missing", Location(1, 1, 1, 1), "there is no input; write its shape, as in input: 32x32x3")
            return
        value = self._value(node)
        if value is FAULTY:
            self._problems.unusable = True
            found.inputs["input"] = None
        elif (
            isinstance(node, Mapping)
            and isinstance(value, Map)
            and value
            and not (values.is_shape_map(value) or value.get("tokens"))
        ):
            for (name, (key, item)), (_, flow) in zip(node.pairs.items(), value, strict=True):
                fault = name_fault(name) if name != "input" else None
                if fault:
                    self._problems.add("name", key, fault)
                found.inputs[name] = self._flow(flow, item, found.layout)
                found.input_locations[name] = location(key)
        else:
            found.input_locations["input"] = location(self._root.pairs["input"][0])
            found.inputs["input"] = self._flow(value, node, found.layout)  # type: ignore[arg-type]  # not FAULTY

    def _flow(self, value: Value, node: YamlNode, layout: str) -> Flow | None:
        flow = self._shaped(lambda: values.flow(value, layout), node, "input: ")
        if flow is None:
            self._problems.unusable = True
        return flow

    def _shaped(self, read: Callable[[], T], node: YamlNode, prefix: str) -> T | None:
        try:
            return read()
        except LayerError as fact:
            at = location(node)
            if isinstance(node, Mapping) and fact.field in node.pairs:
                key, value = node.pairs[fact.field]
                at = location(key if fact.rule == "unknown-key" else value)
            self._problems.error(fact, at, prefix=prefix)
            return None

    def _blocks(self, found: Document) -> None:
        assert isinstance(self._root, Mapping)
        node = self._map(self._root, "blocks", "from names to parameters and layers")
        pairs = node.pairs if node else {}
        for name, (key, _) in pairs.items():
            fault = name_fault(name)
            if fault is None and (name in KINDS or name == "branches"):
                fault = f"{name} is a layer kind; give the block another name"
            if fault:
                self._problems.add("name", key, fault)
            found.blocks[name] = Block(name, location(key))
        for name, (_, body) in pairs.items():
            if not isinstance(body, Mapping):
                self._problems.add("value", body, f"block {written(name)} is a map with layers, not {describe(body)}")
                continue
            self._block(found, found.blocks[name], body)
        self._cache.blocks = found.blocks

    def _block(self, found: Document, block: Block, node: Mapping) -> None:
        for key, (at, _) in node.pairs.items():
            if key not in ("parameters", "layers", "description"):
                hint = did_you_mean(key, ("parameters", "layers", "description"))
                self._problems.add("unknown-key", at, f"a block has no {written(key)}{hint}")
        parameters = node.get("parameters")
        if parameters is not None and not isinstance(parameters, Mapping):
            if not (isinstance(parameters, Scalar) and parameters.null):
                message = f"parameters is a map from names to defaults, as in {{out: , stride: 1}}, not {describe(parameters)}"
                self._problems.add("value", parameters, message)
            from cnncalc.language.listed import listed_map

            parameters = listed_map(parameters)
        # Parameters are added as they are read: a default may use the parameters before it.
        reader = self._reader(block.parameters, found)
        for name, (name_at, default) in (parameters.pairs if parameters else {}).items():
            fault = identifier_fault(name)
            if name in KINDS or name in (*ROW_KEYS, "block", "branches", "merge"):
                fault = f"a parameter cannot be called {name}: it is a {'layer kind' if name in KINDS else 'key of every row'}"
            if fault:
                self._problems.add("name", name_at, fault)
                continue
            block.parameter_locations[name] = location(name_at)
            required = isinstance(default, Scalar) and default.null
            block.parameters[name] = None if required else reader.argument(name_at, default)
        rows = node.get("layers")
        if rows is None:
            self._problems.add("missing", block.at, f"block {written(block.name)} has no layers; write [] for none")
            return
        block.body = reader.body(rows, f"layers of block {written(block.name)}")
        name_rows(block.body, self._problems)
        before = self._cache.blocks.get(block.name)
        if before is not None and before.is_like(block):
            # Its rows keep what they have computed.
            found.blocks[block.name] = before

    def _outputs(self, found: Document) -> None:
        assert isinstance(self._root, Mapping)
        node = self._root.get("outputs")
        if node is None:
            return
        items = node.items if isinstance(node, Sequence) else [node]
        if not items:
            self._problems.add("value", node, "outputs is a list of names of rows; leave it out for the last row's result")
        for item in items:
            value = self._value(item)
            if isinstance(value, str):
                found.outputs.append((value, location(item)))
            elif value is not FAULTY:
                self._problems.add("value", item, "outputs is a list of names of rows")

    def _figures(self, key: str, subject: str, names: Collection[str]) -> Iterator[tuple[str, YamlNode, Value]]:
        """Yield the names in the map of `key` that are among `names`, with their values; the others are reported."""
        assert isinstance(self._root, Mapping)
        node = self._map(self._root, key, f"with any of {', '.join(names)}")
        for name, (at, item) in (node.pairs if node else {}).items():
            if name not in names:
                from cnncalc.language.foreign import counted_as

                hint = counted_as(name) or did_you_mean(name, names)
                self._problems.add("unknown-key", at, f"{subject} has no {written(name)}{hint}")
                continue
            value = self._value(item)
            if value is not FAULTY:
                yield name, item, value  # type: ignore[misc]  # not FAULTY, hence a value

    def _expect(self, found: Document) -> None:
        for key, item, value in self._figures("expect", "expect", EXPECTED):
            if key != "output":
                count = self._quantity(value, item, f"expect {key}")
                if count is not None:
                    found.expect[key] = (count, location(item))
            elif isinstance(item, Mapping) and isinstance(value, Map) and not values.is_shape_map(value):
                for (name, (_, one)), (_, shape) in zip(item.pairs.items(), value, strict=True):
                    self._expected_shape(found, name, shape, one)
            else:
                self._expected_shape(found, None, value, item)

    def _expected_shape(self, found: Document, name: str | None, value: Value, node: YamlNode) -> None:
        shape = self._shaped(lambda: values.shape(value, found.layout), node, "expect output: ")
        if shape is not None:
            found.expect_output.append((name, shape, location(node)))

    def _budget(self, found: Document) -> None:
        for key, item, value in self._figures("budget", "a budget", BUDGETED):
            count = self._quantity(value, item, f"budget {key}", limit=True)
            if count is not None:
                found.budget[key] = (count, written(value), location(item))

    def _quantity(self, value: Value, node: YamlNode, what: str, *, limit: bool = False) -> int | None:
        count = values.quantity(value, limit=limit) if isinstance(value, str) else None
        if count is not None and count >= 0:
            return count
        got = written(value)
        size = what.endswith(IN_BYTES)
        like = "a number of bytes such as 256KiB, 1.5MiB or 64K" if size else "a count such as 60_965_224, 5M or 20MiB"
        self._problems.add("value", node, f"{what} is {like}, not {got}{values.quantity_hint(got)}")
        return None


class _Unwritten:
    """A location for keys that are not written in the file."""

    line = column = -1
