"""Variants of one text without reading it again: the steps of an expansion are recorded, and repeated with other values.

A record holds for every variant of the same structure: the same rows, as often, with the same names. Each value
that decides about the structure, such as `repeat` or the name of a block, is computed again and followed to the steps recorded
for it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from cnncalc.build.changes import BudgetExceeded, Changes, Given, Override
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source
from cnncalc.graph import Graph, Node, Producer
from cnncalc.language.content import Block, Document, Parsed, Rows
from cnncalc.language.expand import Expander
from cnncalc.language.expectations import check_budget
from cnncalc.language.expression import Texts
from cnncalc.language.fields import Joined
from cnncalc.language.keys import KeyReader
from cnncalc.language.read import opened
from cnncalc.language.row import Argument, Body, Row
from cnncalc.language.scope import Copy
from cnncalc.language.steps import ArgumentsStep, CountStep, Guard, LayerStep, Places, Step, Stretch
from cnncalc.layers import Layer
from cnncalc.problem import SpecError
from cnncalc.values import Value

#: Recorded steps of one text before all are forgotten: those of a few large networks.
_MOST_STEPS = 20_000
#: Variants that could not be replayed before recording is given up, if they are the majority.
_PATIENCE = 50


def variant(source: Source, changes: Changes) -> Reading | None:
    """Return the reading of a variant for its totals, shapes and memory: it has no groups and no names.

    None if the text must be read in full: before its first reading, and if the variant has a problem. Raises BudgetExceeded.
    """
    parsed = source.parsed
    if not isinstance(parsed, Parsed) or not changes:
        return None
    replays: _Replays = parsed.replays if parsed.replays is not None else _Replays()
    parsed.replays = replays
    if replays.useless > max(_PATIENCE, replays.useful):
        return None
    problems = _Strict(source.file)
    try:
        document, inputs, rows = opened(source, changes, problems)
        graph, expected = replays.graph(document, problems, changes, inputs, rows, source)
        document.dtype = changes.dtype or document.dtype
        if document.budget:
            check_budget(document, graph, problems)
    except (_Fault, SpecError):
        replays.useless += 1
        return None
    return Reading(
        source,
        graph,
        [],
        name=document.name,
        layout=document.layout,
        dtype=document.dtype,
        changed=True,
        expect_skipped=bool(document.expect or document.expect_output or expected),
    )


class _Fault(Exception):
    """The variant has a problem, or a structure that cannot be recorded."""


class _Unseen(Exception):
    """No steps are recorded for a value that decides about the structure."""


class _Strict(Problems):
    """Gives up at the first problem: a full reading reports it."""

    def add(self, *_: Any, **__: Any) -> None:
        raise _Fault

    def known(self, *_: Any) -> bool:
        raise _Fault


class _Replays:
    """The recorded expansions of one text."""

    def __init__(self) -> None:
        self._roots: dict[Hashable, Stretch] = {}
        self._steps = 0
        #: The number of variants that were replayed, and of those that were not.
        self.useful = 0
        self.useless = 0

    def graph(
        self,
        document: Document,
        problems: Problems,
        changes: Changes,
        inputs: dict[str, Any],
        rows: Rows,
        source: Source,
    ) -> tuple[Graph, bool]:
        """Return the layers of a variant, and whether a row has `expect`. Raises _Fault and BudgetExceeded."""
        fields = tuple([(one.target, one.key) for one in changes.fields])
        key = rows, fields, changes.fit or document.fit, tuple(inputs), tuple([name for name, _ in document.outputs])
        root = self._roots.get(key)
        if root is not None:
            try:
                found = _Replay(document, problems, changes, inputs, rows, source.cache).follow(root)
            except _Unseen:
                pass
            except BudgetExceeded:
                self.useful += 1
                raise
            else:
                self.useful += 1
                return found
        recording = _Recording(document, problems, changes, inputs, rows, source.cache)
        try:
            graph, _ = recording.run()
            changes.check_used(())
            recording.end(graph)
        except BudgetExceeded:
            self._keep(key, recording)
            raise
        self._keep(key, recording)
        return graph, recording.expected

    def _keep(self, key: Hashable, recording: _Recording) -> None:
        self.useless += 1
        self._steps += recording.steps
        if self._steps > _MOST_STEPS:
            self._roots, self._steps = {}, recording.steps
            if self._steps > _MOST_STEPS:
                return
        root = self._roots.get(key)
        if root is None:
            self._roots[key] = recording.root
        else:
            root.join(recording.root)


class _Replay(Expander):
    """Repeats recorded steps with the values of a variant."""

    _fields: list[Override]

    def follow(self, stretch: Stretch) -> tuple[Graph, bool]:
        """Return the layers, and whether a row has `expect`. Raises _Unseen, _Fault and BudgetExceeded."""
        texts: list[Texts] = [(self._document.vars,)]
        producers: list[Producer] = [self._builder.input(name, flow) for name, flow in self._inputs.items()]
        self._fields = self._changes.fields
        make, read = self._builder.layer, self._reader.read
        while True:
            for step in stretch.steps:
                if isinstance(step, LayerStep):
                    model, row, inputs, place, source, given = step
                    layer: Layer | None = model.layer
                    if place is not None:
                        above = producers[source] if source is not None else None
                        layer, _ = read(row, model.name, texts[place], above, self._set(given))
                    node = make(
                        model.name,
                        layer,
                        [producers[i] for i in inputs],
                        kind=model.kind,
                        place=row,
                        fit=model.fit,
                        named=model.named,
                        trainable=not model.frozen,
                        settled=True,
                    )
                    if node.inferred.shape is None:
                        raise _Fault
                    producers.append(node)
                elif isinstance(step, ArgumentsStep):
                    above = producers[step.source] if step.source is not None else None
                    texts.append(
                        self._arguments(step.row, step.name, step.block, texts[step.texts], above, self._set(step.given))
                    )
                else:
                    texts.append(self._counted(texts[step.texts], step.number))
            guard = stretch.guard
            if guard is None:
                break
            after = stretch.next.get(self._value(guard, texts, producers))
            if after is None:
                raise _Unseen
            stretch = after
        if stretch.outputs is None:
            raise _Unseen
        self._builder.outputs([producers[i] for i in stretch.outputs])
        return self._builder.graph, stretch.expected

    def _set(self, given: Places) -> Given:
        """Return the fields of a step that are set from outside."""
        return {key: self._fields[i] for key, i in given}

    def _value(self, guard: Guard, texts: list[Texts], producers: list[Producer]) -> Hashable:
        if guard.body is not None:
            return tuple(self._keys.names(guard.body, texts[guard.texts]))
        above = producers[guard.source] if guard.source is not None else None
        assert guard.argument is not None
        assert guard.row is not None
        return self._keys.value(guard.argument, texts[guard.texts], above, guard.row, guard.name)


class _Keys(KeyReader):
    """Records every value of a key that is an expression, and names that are."""

    def __init__(self, problems: Problems, rows: Rows, recording: _Recording) -> None:
        super().__init__(problems, rows)
        self._recording = recording

    def value(self, argument: Argument, texts: Texts, source: Producer | None, row: Row, layer: str | None = None) -> Value:
        found = super().value(argument, texts, source, row, layer)
        if argument.dynamic:
            places = self._recording.place(texts), self._recording.producer(source)
            self._recording.guard(Guard(*places, argument, row, layer), found)
        return found

    def names(self, body: Body, texts: Texts) -> list[str]:
        found = super().names(body, texts)
        self._recording.guard(Guard(self._recording.place(texts), body=body), tuple(found))
        return found


class _Recording(Expander):
    """Expands the rows and records each step. Raises _Fault for weights that are shared and for joins of computed names."""

    def __init__(self, document: Document, problems: Problems, changes: Changes, inputs: Any, rows: Rows, cache: Any) -> None:
        super().__init__(document, problems, changes, inputs, rows, cache)
        self._keys = _Keys(problems, rows, self)
        self.root = self._last = Stretch()
        self.steps = 0
        #: The places of texts and of producers, which are both kept so that their ids are not reused.
        self._texts: dict[int, int] = {}
        self._kept: list[Texts] = []
        self._producers: dict[int, int] = {}
        self._reads: tuple[int | None, int | None, Places] = None, None, ()

    def place(self, texts: Texts) -> int:
        """Return the place of texts that a row sees; those of the top level are the first."""
        found = self._texts.get(id(texts))
        if found is None:
            if self._kept or len(texts) != 1:
                raise _Fault
            found = self._put(texts)
        return found

    def _put(self, texts: Texts) -> int:
        self._texts[id(texts)] = len(self._kept)
        self._kept.append(texts)
        return len(self._kept) - 1

    def producer(self, source: Producer | None) -> int | None:
        """Return the place of an input or a layer."""
        if source is None:
            return None
        if not self._producers:
            self._producers = {id(one): i for i, one in enumerate(self._builder.graph.inputs)}
        found = self._producers.get(id(source))
        if found is None:
            raise _Fault
        return found

    def guard(self, guard: Guard, value: Hashable) -> None:
        """Record a value that decides about the structure."""
        after = Stretch()
        self._last.guard = guard
        self._last.next[value] = after
        self._last = after
        self.steps += 1

    def end(self, graph: Graph) -> None:
        """Record the outputs."""
        self._last.outputs = [place for one in graph.outputs if (place := self.producer(one)) is not None]
        self._last.expected = self.expected

    def _step(self, step: Step) -> None:
        self._last.steps.append(step)
        self.steps += 1

    def _counted(self, texts: Texts, k: int) -> Texts:
        self._step(CountStep(self.place(texts), k))
        found = super()._counted(texts, k)
        self._put(found)
        return found

    def _arguments(self, row: Row, name: str, block: Block, around: Texts, source: Producer | None, given: Given) -> Texts:
        self._step(ArgumentsStep(row, name, block, self.place(around), self.producer(source), self._places(given)))
        found = super()._arguments(row, name, block, around, source, given)
        self._put(found)
        return found

    def _read(self, row: Row, name: str, texts: Texts, source: Producer | None, given: Given) -> tuple[Layer | None, Joined]:
        found = super()._read(row, name, texts, source, given)
        if found[1] is not None:
            raise _Fault
        self._reads = self.place(texts), self.producer(source), self._places(given)
        return found

    def _places(self, given: Given) -> Places:
        """Return the place of the change that sets each of the given fields."""
        texts = [one.text for one in self._changes.fields]
        return tuple([(key, texts.index(one.text)) for key, one in given.items()])

    def _layer(self, row: Row, *rest: Any, **named: Any) -> Node:
        node = super()._layer(row, *rest, **named)
        self._made(node, row)
        return node

    def _branches(self, row: Row, *rest: Any, **named: Any) -> Producer:
        node = super()._branches(row, *rest, **named)
        assert isinstance(node, Node)
        self._made(node, row)
        return node

    def _made(self, node: Node, row: Row) -> None:
        """Record a layer, with the texts and the source that its fields were read with."""
        texts, source, given = self._reads
        self._reads = None, None, ()
        inputs = [place for one in node.inputs if (place := self.producer(one)) is not None]
        self._step(LayerStep(_without_inputs(node), row, inputs, texts, source, given))
        self._producers[id(node)] = len(self._producers)

    def _peer(self, *_: Any) -> Copy | None:
        raise _Fault


def _without_inputs(node: Node) -> Node:
    """Return a layer that keeps no other layers alive."""
    return Node(node.name, node.kind, node.layer, (), node.inferred, node.place, None, node.fit, node.named, node.frozen)
