"""The lines of a network's table: inputs, layers, and blocks and branches as a tree that can be folded."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.graph import Group, Node, Producer, Twig, tree
from cnncalc.infer import Inferred
from cnncalc.layers import Join
from cnncalc.problem import Location, one_line
from cnncalc.record import Record
from cnncalc.report import words
from cnncalc.shape import Flow
from cnncalc.subject import Subject


class Counts(Record):
    """Counts of a layer, or of all layers of a folded group."""

    parameters: int = 0
    trainable: int = 0
    biases: int = 0
    buffers: int = 0
    macs: int = 0
    #: False if the MACs of some layers are unknown and left out of `macs`.
    macs_known: bool = True

    def add(self, node: Node) -> None:
        self.parameters += node.parameters
        self.trainable += node.trainable
        self.biases += node.biases
        self.buffers += node.buffers
        self.macs += node.macs or 0
        self.macs_known &= node.macs is not None


class Line:
    """One line: a layer, a group or an input. `counts` is None if the line has no counts or they are unknown."""

    # A network can have 200,000 lines, and slots take a quarter of the memory of a dict.
    __slots__ = (
        "counts", "fields", "gives", "is_group", "is_input", "kind", "label", "mark", "name", "nodes", "producer", "reads",
        "result", "says_output", "stem", "unknown",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        label: str,
        kind: str,
        fields: str,
        reads: Flow | None,
        gives: Flow | None,
        counts: Counts | None,
        stem: tuple[bool, ...] = (),
        *,
        is_group: bool = False,
        is_input: bool = False,
        mark: str = "",
        says_output: bool = True,
        unknown: bool = False,
        result: str = "",
        nodes: Sequence[Node] = (),
        producer: Producer | None = None,
    ) -> None:
        self.name = name
        self.label = label
        self.kind = kind
        self.fields = fields
        self.reads = reads
        self.gives = gives
        #: Lines of equal layers share their counts.
        self.counts = counts
        #: For each level of nesting, whether more lines follow on that level.
        self.stem = stem
        self.is_group = is_group
        self.is_input = is_input
        #: `error`: it has a problem; `unread`: no window reads the last cells of its input; `changed`: options changed it.
        self.mark = mark
        #: Whether to show the output: that of an unfolded block is shown in its last line.
        self.says_output = says_output
        #: Whether the line has counts that are unknown.
        self.unknown = unknown
        #: The full name of the layer whose output this is, as in the graph.
        self.result = result
        #: The layer, or all layers of a folded group.
        self.nodes = nodes
        #: The layer or input whose output this is; None for an unfolded group.
        self.producer = producer


class Lines:
    """Builds the lines of a network, unfolded down to `depth` levels, or completely if `depth` is None."""

    def __init__(self, subject: Subject, depth: int | None = None) -> None:
        self._layout = subject.layout
        self._depth = depth
        self._subject = subject
        errors = [p for p in subject.problems if p.level == "error"]
        self._errors = {p.layer for p in errors if p.layer}
        #: Positions of errors that name no layer; such an error applies to all copies of its row.
        self._places = sorted((p.location.line, p.location.column) for p in errors if not p.layer and p.location.line)
        self._misfits = any(p.rule == "stride-fit" for p in errors)
        self._lines: list[Line] = []
        #: Hyper-parameters as text and counts of layers, for their equal copies.
        self._summaries: dict[Inferred, str] = {}
        self._counts: dict[tuple[Inferred, bool, bool], Counts] = {}

    def tree(self) -> list[Line]:
        """Inputs, layers and groups, as nested in the network."""
        inputs = self._subject.inputs
        for source in inputs:
            vocabulary = getattr(source.flow, "vocabulary", None)
            summary = f"vocabulary {vocabulary:,}" if vocabulary else ""
            label = one_line(source.name)
            kind = "" if source.name == "input" else "input"
            before = self._subject.before
            mark = "changed" if before is not None and source.name in before.changed else ""
            self._lines.append(
                Line(source.name, label, kind, summary, None, source.flow, None, is_input=True, producer=source, mark=mark)
            )
        self._walk(tree(self._subject.graph), "", (), inputs[0] if len(inputs) == 1 else None)
        return self._lines

    def flat(self) -> list[Line]:
        """Only the layers, by their full names."""
        return [self._layer(node, one_line(node.name), (), "") for node in self._subject.layers]

    def _walk(self, twigs: list[Twig], prefix: str, stem: tuple[bool, ...], current: Producer | None) -> Producer | None:
        """Add the lines of siblings and return the producer of the last one. The language limits the depth of recursion."""
        for i, twig in enumerate(twigs):
            own = (*stem, i + 1 < len(twigs)) if prefix else ()
            label = one_line(twig.name.removeprefix(prefix))
            if twig.group is None:
                assert twig.node is not None
                origin = _origin(twig.node, current)
                line = self._layer(twig.node, label, own, f"from {words.nearby(origin, prefix)}" if origin is not None else "")
                self._lines.append(line)
                current = twig.node
            else:
                current = self._group(twig, twig.group, label, own, current)
        return current

    def _group(self, twig: Twig, group: Group, label: str, stem: tuple[bool, ...], current: Producer | None) -> Producer | None:
        folded = self._depth is not None and len(stem) + 1 >= self._depth and bool(twig.children)
        line = self._folded(twig, group, label) if folded else self._unfolded(twig, group, label)
        line.reads = group.reads.flow if group.reads is not None else None
        line.stem = stem
        line.is_group = True
        self._lines.append(line)
        if not folded:
            if group.kind == "branches":
                for i, branch in enumerate(twig.children):
                    assert branch.group is not None
                    own = (*stem, i + 1 < len(twig.children))
                    self._group(branch, branch.group, one_line(branch.name.removeprefix(f"{group.name}.")), own, current)
            else:
                self._walk(twig.children, f"{group.name}.", stem, current)
        return group.result

    def _unfolded(self, twig: Twig, group: Group, label: str) -> Line:
        if twig.node is not None:
            return self._layer(twig.node, label, (), "")
        summary = one_line(group.title) if group.kind == "block" else ""
        if not twig.children:
            summary = ", ".join(filter(None, (summary, "no layers: the input itself")))
        line = Line(group.name, label, group.kind, summary, None, _gives(group), None, says_output=not twig.children)
        line.mark = "error" if group.name in self._errors else ""
        return line

    def _folded(self, twig: Twig, group: Group, label: str) -> Line:
        counts = Counts()
        layers = 0
        marks = {"error"} if group.name in self._errors else set()
        known = True
        for node in twig.nodes():
            counts.add(node)
            layers += node is not twig.node
            marks.add(self._mark(node))
            known = known and node.shape is not None
        about = words.summary(twig.node, self._layout) if twig.node is not None else group.title if group.kind == "block" else ""
        summary = ", ".join(filter(None, (about, words.plural(layers, "layer"))))
        line = Line(group.name, label, group.kind, summary, None, _gives(group), counts if known else None, unknown=not known)
        line.result = group.result.name if group.result is not None else ""
        line.nodes = list(twig.nodes())
        line.producer = group.result
        line.mark = next((mark for mark in ("error", "unread", "changed") if mark in marks), "")
        return line

    def _layer(self, node: Node, label: str, stem: tuple[bool, ...], origin: str) -> Line:
        parts = [self._summary(node)]
        if node.shared is not None:
            parts.append(f"weights of {one_line(node.shared.name)}")
        if node.frozen and node.parameters:
            parts.append("frozen")
        if origin:
            parts.append(origin)
        counts = None
        if node.shape is not None:
            key = (node.inferred, node.frozen, node.shared is not None)
            counts = self._counts.get(key)
            if counts is None:
                counts = self._counts[key] = Counts()
                counts.add(node)
        reads = node.inputs[0].flow if node.inputs else None
        summary = ", ".join(filter(None, parts)) if len(parts) > 1 else parts[0]
        unknown = counts is None
        return Line(
            label if label == node.name else one_line(node.name),
            label,
            one_line(words.kind(node)),
            summary,
            reads,
            node.flow,
            counts,
            stem,
            mark=self._mark(node),
            unknown=unknown,
            result=node.name,
            nodes=(node,),
            producer=node,
        )

    def _summary(self, node: Node) -> str:
        if node.merges is not None or isinstance(node.layer, Join):
            return words.summary(node, self._layout)
        found = self._summaries.get(node.inferred)
        if found is None:
            found = self._summaries[node.inferred] = words.summary(node, self._layout)
        return found

    def _mark(self, node: Node) -> str:
        inferred = node.inferred
        if (
            node.name in self._errors
            or inferred.fault is not None
            or (self._misfits and not inferred.fits and node.fit == "exact")
        ):
            return "error"
        if self._places and node.merges is None and self._has_place(node.location):
            return "error"
        if any(node.unread):
            return "unread"
        before = self._subject.before
        return "changed" if before is not None and node.name in before.changed else ""

    def _has_place(self, row: Location) -> bool:
        """Whether an error without a layer is inside the row."""
        from bisect import bisect_left

        first = bisect_left(self._places, (row.line, row.column))
        return first < len(self._places) and self._places[first] < (row.end_line, row.end_column)


def line_of(nodes: Sequence[Node]) -> Line:
    """Return the line of consecutive layers that are shown as one; the line has the output of the last one."""
    first, last = nodes[0], nodes[-1]
    counts = Counts()
    for node in nodes:
        counts.add(node)
    known = all(node.shape is not None for node in nodes)
    reads = first.inputs[0].flow if first.inputs else None
    name, kind = one_line(last.name), one_line(words.kind(last))
    line = Line(name, name, kind, "", reads, last.flow, counts if known else None, unknown=not known)
    line.result, line.nodes, line.producer = last.name, nodes, last
    return line


def _gives(group: Group) -> Flow | None:
    return group.result.flow if group.result is not None else None


def _origin(node: Node, current: Producer | None) -> Producer | None:
    """The input of a layer if it is not the line above, else None. A join shows its inputs as hyper-parameters."""
    if isinstance(node.layer, Join) or not node.inputs:
        return None
    source = node.inputs[0]
    if source is current or source.name == "?" or (current is not None and source.name == current.name):
        return None
    return source
