"""A bias directly before batch or instance normalisation.

## Why is this bad?

Normalisation subtracts the mean of each channel, and with it any number that was added to the whole channel. The bias is
stored and learned without effect; normalisation has an offset of its own.

## Example

```yaml
input: 32x32x3
layers:
  - {conv: 16, kernel_size: 3, padding: 1}
  - batchnorm
  - relu
```

Use instead:

```yaml
input: 32x32x3
layers:
  - {conv: 16, kernel_size: 3, padding: 1, bias: false}
  - batchnorm
  - relu
```

## Fix

Write `bias: false`. `--fix` does so if the row does not mention the bias: the network computes the same with fewer
parameters. It does not touch a bias that is written out, a file whose `expect` counts parameters, or a block of which some
uses are not followed by normalisation.

## Reference

Ioffe & Szegedy 2015, Batch Normalization, sec. 3.2: "the bias b can be ignored".
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.graph import Node
from cnncalc.layers.dense import Identity
from cnncalc.layers.norm import BatchNorm, InstanceNorm
from cnncalc.problem import Fix
from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    found = {id(node): norm for node, norm in _pairs(subject)}
    for node in subject.graph.nodes if found else ():
        norm = found.get(id(node))
        if norm is not None:
            count = next(w.size for w in node.weights if w.role == "bias")
            message = (
                f"{node.name} adds a bias to each channel and {norm.name} takes it away again, "
                f"{count:,} parameter{'s' * (count > 1)} for nothing; write bias: false"
            )
            everywhere = all(id(copy) in found for copy in subject.copies[node.location])
            yield Finding(subject.place(node, "bias"), message, node.name, _fixes(subject, node, everywhere))


def _pairs(subject: CheckedNetwork) -> Iterator[tuple[Node, Node]]:
    """Yield layers with such a bias, and the normalisation after each."""
    for norm in subject.of(BatchNorm, InstanceNorm):
        if norm.frozen:
            # Frozen statistics come from a trained network, in which the bias matters.
            continue
        source = norm.inputs[0]
        while isinstance(source, Node) and isinstance(source.layer, Identity):
            source = source.inputs[0]
        if (
            not isinstance(source, Node)
            or source.frozen
            or not source.inferred.biases
            or not any(w.name == "bias" and w.role == "bias" for w in source.weights)
        ):
            continue
        if "bias" not in source.layer.options:
            continue
        if len(subject.readers(source)) == 1 and id(source) not in subject.outputs:
            yield source, norm


def _fixes(subject: CheckedNetwork, node: Node, everywhere: bool) -> tuple[Fix, ...]:
    counted = not subject.reading.expected.isdisjoint(("parameters", "trainable"))
    written_out = node.place.field("bias") is not None
    safe = everywhere and not written_out and not counted and id(node) not in subject.sharing
    fix = node.place.edit("bias", "false", safe=safe)
    return (fix,) if fix is not None else ()
