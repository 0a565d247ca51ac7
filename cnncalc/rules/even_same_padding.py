"""`padding: same` with an even window, which has no middle.

To keep the size, an even window needs an odd number of padding cells; the odd one comes after, and the result is half a cell
off to one side. Frameworks differ in which side that is.

Wrong:

    input: 32x32x3
    layers:
      - {conv: 16, kernel_size: 4, padding: same}

Right:

    input: 32x32x3
    layers:
      - {conv: 16, kernel_size: 5, padding: same}

Fix: take an odd window, or write the padding out, `padding: [[1, 2], [1, 2]]`, so that the side is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        if "padding" not in node.layer.options or node.layer.value("padding") != "same":
            continue
        for window in node.inferred.windows:
            if window.kernel_size % 2 == 0 and window.before != window.after:
                even, pairs = window.kernel_size, [[w.before, w.after] for w in node.inferred.windows]
                sizes = " or ".join(str(odd) for odd in (even - 1, even + 1) if odd > 1)
                said = (
                    f"{node.name}: same pads an even window of {even} cells unevenly, {window.before} before and {window.after} "
                    f"after; try kernel_size {sizes}, or say the sides: padding {pairs}"
                )
                yield Finding(subject.place(node, "padding"), said, node.name)
                break
