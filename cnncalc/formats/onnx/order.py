"""The order in which the nodes of a graph can be computed, and the modules that they stand in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnncalc.formats.onnx.proto import GraphProto, NodeProto

MOST_NODES = 200_000


class ModelRefused(ValueError):
    """The file is not a network that can be read; a short sentence."""


def in_order(nodes: Sequence[NodeProto], known: Callable[[str], bool]) -> list[NodeProto]:
    """The nodes, each after those whose results it reads. Raises ModelRefused if a result is missing or depends on itself."""
    made: set[str] = set()
    order: list[NodeProto] = []
    waiting = list(nodes)
    while waiting:
        left = []
        for node in waiting:
            if all(not name or name in made or known(name) for name in _reads(node)):
                made.update(name for name in node.outputs if name)
                order.append(node)
            else:
                left.append(node)
        if len(left) == len(waiting) or len(order) > MOST_NODES:
            _complain(left, made, known)
        if left and len(left) < len(waiting):
            # Files are in order but for a few; sorting by passes would take long if they were not.
            left = _sorted(left)
        waiting = left
    return order


def _reads(node: NodeProto) -> list[str]:
    """The names that a node needs: its inputs, and what graphs in its attributes take from around them."""
    graphs = [one for a in node.attributes.values() for one in (a if isinstance(a, list) else [a]) if isinstance(one, GraphProto)]
    if not graphs:
        return node.inputs
    return [*node.inputs, *(name for graph in graphs for name in _free(graph))]


def _free(graph: GraphProto) -> set[str]:
    """The names that a graph reads but does not compute."""
    own = {tensor.name for tensor in graph.initializers} | {info.name for info in graph.inputs}
    own |= {name for node in graph.nodes for name in node.outputs}
    return {name for node in graph.nodes for name in _reads(node) if name and name not in own}


def _sorted(nodes: list[NodeProto]) -> list[NodeProto]:
    """The nodes by how they depend on one another, as far as that is possible; those in cycles stay at the end."""
    makers = {name: i for i, node in enumerate(nodes) for name in node.outputs if name}
    needs = [{makers[name] for name in node.inputs if name in makers} for node in nodes]
    users: list[list[int]] = [[] for _ in nodes]
    for i, need in enumerate(needs):
        for j in need:
            users[j].append(i)
    ready = [i for i, need in enumerate(needs) if not need]
    missing = [len(need) for need in needs]
    order: list[int] = []
    while ready:
        i = ready.pop()
        order.append(i)
        for j in users[i]:
            missing[j] -= 1
            if missing[j] == 0:
                ready.append(j)
    placed = set(order)
    return [nodes[i] for i in order] + [node for i, node in enumerate(nodes) if i not in placed]


def _complain(left: list[NodeProto], made: set[str], known: Callable[[str], bool]) -> None:
    computed = {name for node in left for name in node.outputs}
    for node in left:
        for name in node.inputs:
            if name and name not in made and name not in computed and not known(name):
                raise ModelRefused(f"{node.name or node.op} reads {name}, which no node, input or initializer provides")
    while True:
        # Nodes that only follow a cycle are not part of it.
        read = {name for node in left for name in node.inputs}
        inside = [node for node in left if read.intersection(node.outputs)]
        if len(inside) in (0, len(left)):
            break
        left = inside
    names = ", ".join(node.name or node.op for node in left[:4]) + (" …" if len(left) > 4 else "")
    raise ModelRefused(f"the nodes {names} need one another's results; a network has no cycles")


def path_of(node: NodeProto) -> tuple[str, str]:
    """The module that a node stands in, as PyTorch's exporters write it, and the operator's own name.

    The new exporter has a list of scopes in the node's metadata; the old one writes `/layer1/layer1.0/conv1/Conv` as its name.
    """
    scopes = node.metadata.get("pkg.torch.onnx.name_scopes")
    if scopes:
        names = [part.strip(" '\"") for part in scopes.strip("[]").split(",")]
        # The last is the node's own name; those before are modules, the innermost last.
        modules = [name for name in names[:-1] if name]
        return (modules[-1] if modules else ""), node.op
    parts = [part for part in node.name.split("/") if part]
    if not node.name.startswith("/"):
        return ".".join(parts), ""
    path: list[str] = []
    for part in parts[:-1]:
        # A module in a list repeats the name of the list: layer1, layer1.0.
        if path and part.startswith(f"{path[-1]}."):
            path[-1] = part
        else:
            path.append(part)
    return ".".join(path), (parts[-1] if parts else node.op)
