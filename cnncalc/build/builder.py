"""Makes inputs, nodes and groups, infers their shapes, and reports problems of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cnncalc.build.changes import UNCHANGED, BudgetExceeded, Changes, Given, Path
from cnncalc.build.pattern import GroupPattern
from cnncalc.build.problems import Problems
from cnncalc.graph import Graph, Group, Input, Node, Producer
from cnncalc.infer import Inference, Inferred, Unreadable
from cnncalc.layers import Layer, Mismatch
from cnncalc.place import NOWHERE, Place
from cnncalc.problem import Location
from cnncalc.shape import Flow, LayerError
from cnncalc.spelling import did_you_mean

_UNREADABLE = Unreadable()
LookUp = Callable[[Node, str, Producer], tuple[Producer, ...]]
"""Returns the inputs of a layer that reads results outside of a pattern, by its model, its name and the result above it."""

#: Totals that are sums over the layers.
_ADDED_UP = ("parameters", "trainable", "buffers", "macs")


class Builder:
    """Builds the graph of one network. Nothing here raises for a bad network: faults go to `problems`.

    `changes` are applied to the fields of layers as they are made. `infer` keeps its results for other readings. Inputs, layers
    and groups are taken from `before`, a graph that is no longer needed, up to the first that would not be equal.
    """

    def __init__(
        self, problems: Problems, changes: Changes = UNCHANGED, infer: Inference | None = None, before: Graph | None = None
    ) -> None:
        self.graph = Graph([])
        #: None after the first layer or group that differs from the one at its place there.
        self.before = before
        self._problems = problems
        self._overrides = changes.fields
        self._infer = infer if infer is not None else Inference()
        self._group: Group | None = None
        #: Totals with a limit, summed over the layers so far.
        self._limits = [(figure, most) for figure, most in changes.limits if figure in _ADDED_UP]
        self._spent = dict.fromkeys(_ADDED_UP, 0)

    # The parts of a network

    def input(self, name: str, flow: Flow | None, location: Location = NOWHERE) -> Input:
        """An input of the network; `flow` is None if its shape is not known."""
        made = Input(name, flow, location)
        if self.before is not None:
            index = len(self.graph.inputs)
            known = self.before.inputs[index] if index < len(self.before.inputs) else None
            if known is not None and known.name == name and known.flow == flow:
                known.location, made = location, known
            else:
                self.before = None
        self.graph.inputs.append(made)
        return made

    def layer(
        self,
        name: str,
        layer: Layer | None,
        inputs: Sequence[Producer],
        *,
        kind: str | None = None,
        location: Location = NOWHERE,
        place: Place | None = None,
        fit: str = "exact",
        named: bool = True,
        trainable: bool = True,
        shares: Producer | None = None,
        merges: Group | None = None,
        settled: bool = False,
    ) -> Node:
        """Add a layer to the open group, infer its shape and report its problems.

        `layer` is None if the file's layer cannot be read; `kind` is then its name in the file. `place` replaces `location`
        if the format knows where fields stand. `named`: the file gives the name. `shares`: the layer whose weights it uses.
        `merges`: the branches group that it ends. `settled`: the format has applied `changes_of` itself.
        """
        if self._limits and self.graph.nodes:
            self._spend(self.graph.nodes[-1])
        place = place if place is not None else Place(location)
        if self._overrides and not settled and layer is not None:
            layer = self._with_changes(name, layer)
        if layer is None:
            inferred = self._infer(_UNREADABLE, (None,), fit)
            inputs = [Input(inputs[0].name if inputs else "?", None)] if merges is None else inputs
        else:
            flows = (inputs[0].flow,) if len(inputs) == 1 else tuple([source.flow for source in inputs])
            inferred = self._infer(layer, flows, fit)
        inputs, kind = tuple(inputs), kind or inferred.layer.kind
        node = self._known_layer(name, inferred) if self.before is not None else None
        if (
            node is not None
            and node.inputs == inputs
            and node.fit == fit
            and node.named is named
            and node.frozen is not trainable
            and node.kind == kind
        ):
            node.place, node.shared, node.merges = place, None, None
        else:
            self.before = None
            node = Node(name, kind, inferred.layer, inputs, inferred, place, self._group, fit, named, not trainable)
        self.graph.nodes.append(node)
        if merges is not None:
            node.merges = merges
            merges.merge = node
        self._check(node)
        if shares is not None:
            self.share(node, shares)
        return node

    def repeat(self, pattern: GroupPattern, name: str, source: Producer, look_up: LookUp) -> tuple[Group, list[Node]]:
        """Add a group like the pattern that reads `source`. Return it and its layers."""
        shift = len(self.graph.nodes) - pattern.start
        groups: list[Group] = []
        for suffix, model, parent, *_ in pattern.parts:
            around = groups[parent] if parent is not None else self._group
            group = Group(name + suffix, model.kind, model.title, model.place, around, model.start + shift, None, model.named)
            group.end, group.labels = model.end + shift, model.labels
            groups.append(group)
        self.graph.groups += groups
        made: list[Any] = [source]
        for suffix, node, inputs, number, is_open in pattern.steps:
            read = (made[inputs[0]],) if len(inputs) == 1 else tuple([made[i] for i in inputs])
            if is_open:
                read = look_up(node, name + suffix, read[0])
            inferred = self._infer(node.layer, tuple([one.flow for one in read]), node.fit)
            copy = Node(
                name + suffix, node.kind, inferred.layer, read, inferred, node.place, groups[number], node.fit, node.named,
                node.frozen,
            )  # fmt: skip
            self.graph.nodes.append(copy)
            made.append(copy)
            if inferred.fault is not None or not inferred.fits:
                self._check(copy)
        for group, part in zip(groups, pattern.parts, strict=True):
            group.reads, group.result = made[part.reads], made[part.result]
        for place, number in pattern.merges:
            made[place].merges, groups[number].merge = groups[number], made[place]
        return groups[0], made[1:]

    def open(
        self,
        name: str,
        kind: str,
        title: str,
        *,
        location: Location = NOWHERE,
        place: Place | None = None,
        reads: Producer | None = None,
        named: bool = True,
    ) -> Group:
        """Opens a group, `block`, `branches` or `branch`: layers made until it is closed belong to it."""
        place = place if place is not None else Place(location)
        group = self._known_group(name, kind, title, place, reads, named) if self.before is not None else None
        if group is None:
            group = Group(name, kind, title, place, self._group, len(self.graph.nodes), reads, named)
        self.graph.groups.append(group)
        self._group = group
        return group

    def close(self, group: Group, result: Producer | None) -> None:
        """Close the innermost group, whose output is `result`."""
        group.result = result
        group.end = len(self.graph.nodes)
        self._group = group.parent

    @contextmanager
    def group(
        self, name: str, kind: str, title: str, *, location: Location = NOWHERE, reads: Producer | None = None, named: bool = True
    ) -> Iterator[Group]:
        """A group around the layers made inside; it gives the result of the last of them unless `result` is set."""
        group = self.open(name, kind, title, location=location, reads=reads, named=named)
        try:
            yield group
        finally:
            last = self.graph.nodes[-1] if len(self.graph.nodes) > group.start else reads
            self.close(group, group.result if group.result is not None else last)

    def outputs(self, producers: Sequence[Producer]) -> None:
        """The results that leave the network, in order."""
        self.graph.outputs = list(producers)

    def share(self, node: Node, target: Producer | None, at: Location | None = None) -> None:
        """Let `node` use the weights of `target`, or report at `at` why it cannot."""
        fault = _take(node, target)
        if fault:
            self._problems.add("share", at if at is not None else node.place.of("share"), fault, layer=node.name)

    # Layers and groups taken from another graph

    def _known_layer(self, name: str, inferred: Inferred) -> Node | None:
        """Return the layer at this place in `before`, if it has this name and is the same layer on the same input shapes."""
        assert self.before is not None
        index = len(self.graph.nodes)
        node = self.before.nodes[index] if index < len(self.before.nodes) else None
        same = node is not None and node.inferred is inferred and node.name == name and node.group is self._group
        return node if same else None

    def _known_group(self, name: str, kind: str, title: str, place: Place, reads: Producer | None, named: bool) -> Group | None:
        """Return the group at this place in `before`, open again, if it is equal apart from its place in the file."""
        assert self.before is not None
        index = len(self.graph.groups)
        group = self.before.groups[index] if index < len(self.before.groups) else None
        if group is None or (name, kind, self._group, len(self.graph.nodes), reads, named) != (
            group.name, group.kind, group.parent, group.start, group.reads, group.named
        ):  # fmt: skip
            self.before = None
            return None
        group.title, group.place, group.result, group.labels, group.merge = title, place, None, (), None
        return group

    def take(self, name: str, place: Place, named: bool, layers: int, groups: int) -> Group | None:
        """Take the next group of `before` with all that is in it: layers and groups up to these numbers.

        None if it has another name or stands elsewhere; then nothing is taken.
        """
        assert self.before is not None
        group = self.before.groups[len(self.graph.groups)]
        if group.name != name or group.parent is not self._group or group.start != len(self.graph.nodes):
            return None
        group.place, group.named = place, named
        self.graph.nodes += self.before.nodes[len(self.graph.nodes) : layers]
        self.graph.groups += self.before.groups[len(self.graph.groups) : groups]
        return group

    def _spend(self, node: Node) -> None:
        """Add a finished layer to the totals. Raises BudgetExceeded above a limit, because later layers can only add to it."""
        spent = self._spent
        for figure in _ADDED_UP:
            spent[figure] += getattr(node, figure) or 0
        for figure, most in self._limits:
            if spent[figure] > most:
                raise BudgetExceeded(figure)

    # Changes from outside

    def changes_of(self, name: str, path: Path, kind: type[Layer] | None, extra: Sequence[str] = ()) -> Given:
        """The changes of a layer's fields by `--set`; a field that it lacks is reported.

        `extra` are names that can be set in addition to the fields of `kind`, such as the parameters of a block.
        """
        found: Given = {}
        for override in self._overrides:
            if not override.matches(name, path):
                continue
            main = kind.main.name if kind is not None and kind.main is not None else None
            key: str | None = override.key
            if kind is not None and main is not None and key in (kind.kind, main):
                key = kind.kind
            elif key not in extra and (kind is None or key not in kind.options):
                key = None
            if key is None and override.is_pattern:
                continue
            override.used = True
            if key is not None:
                found[key] = override
                continue
            hint = did_you_mean(override.key, [*(kind.options if kind is not None else ()), *extra])
            self._problems.add("set", NOWHERE, override.fault(f"{name} has no {override.key}{hint}"))
        return found

    def _with_changes(self, name: str, layer: Layer) -> Layer | None:
        """The layer with the fields that are set from outside."""
        given = self.changes_of(name, (), type(layer))
        if not given:
            return layer
        fields = {option: layer.value(option) for option in layer.options}
        for key, override in given.items():
            declared = layer.main if key == layer.kind and layer.main is not None else layer.options[key]
            try:
                fields[declared.name] = declared.type.parse(override.value, self._problems.layout)
            except LayerError as error:
                self._problems.add("set", NOWHERE, override.fault(f"{declared.name} {error.text(self._problems.layout)}"))
                return None
        return type(layer)(**fields)

    # Problems

    def _check(self, node: Node) -> None:
        """Report a layer that cannot take its inputs, or whose stride does not fit."""
        inferred = node.inferred
        if inferred.fault is not None:
            self._fault(node, inferred.fault)
        elif not inferred.fits and node.fit == "exact" and "stride-fit" not in self._problems.ignored:
            self._misfit(node)

    def _misfit(self, node: Node) -> None:
        at = node.place.key
        if not self._problems.known("stride-fit", at, node.name):
            from cnncalc.build import misfit

            found = misfit.of(node)
            self._problems.add("stride-fit", at, found.text(), layer=node.name, fixes=misfit.fixes(node, found), cause=found)

    def _fault(self, node: Node, error: LayerError) -> None:
        at = node.place.location if isinstance(error, Mismatch) else node.place.key
        if error.field is not None:
            at = node.place.field(error.field) or at
        if self._problems.known(error.rule, at, node.name):
            return
        from cnncalc.build import mismatch

        if isinstance(error, Mismatch):
            found = mismatch.of(node, error, self._problems.layout)
            self._problems.add(error.rule, at, found.text(), layer=node.name, cause=found)
            return
        message = f"{node.name}: {error.text(self._problems.layout)}"
        reads_input, hint = any(isinstance(source, Input) for source in node.inputs), ""
        if reads_input:
            hint = mismatch.batch_hint(node.inputs[0].flow, self._problems.layout)
        elif error.field is None:
            message = mismatch.flattened_sequence(node, self._problems.layout) or message
        cause = None if hint else mismatch.RefusedInput(message, reads_input)
        self._problems.add(error.rule, at, message + hint, layer=node.name, cause=cause)


def _take(node: Node, target: Producer | None) -> str | None:
    """Shares the weights, or says why that is impossible."""
    if node.shape is None or target is None or (target.shape if isinstance(target, Node) else target.flow) is None:
        # An unknown shape is no fault of the layer; the layer still has no weights of its own.
        node.shared = target if isinstance(target, Node) else None
        return None
    if not isinstance(target, Node):
        return f"{node.name} shares weights with a layer, and {target.name} is not one"
    if target.kind != node.kind:
        return f"{node.name} is {node.kind} and {target.name} is {target.kind}; weights are shared between layers of one kind"
    if not node.weights:
        return f"{node.kind} has no weights to share; leave share out"
    if node.weights != target.weights:
        mine, theirs = ("; ".join(f"{w.name} {'×'.join(map(str, w.shape))}" for w in n.weights) for n in (node, target))
        return f"{node.name} would need {mine}, and {target.name} has {theirs}"
    node.shared = target.shared or target
    return None
