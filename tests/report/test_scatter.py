"""The plot of a sweep: every result is where its figures are, the front is marked, and the labels are round."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ET
from typing import NamedTuple

import pytest

from cnncalc.report.scatter import svg

SVG = "{http://www.w3.org/2000/svg}"


class Outcome(NamedTuple):
    values: tuple[str, ...]
    totals: dict[str, int]


def plot(points: list[tuple[int, int]], figures=("parameters", "macs"), unknown: int = 0, title: str = "Net") -> ET.Element:
    found = [Outcome((str(i),), dict(zip(figures, point, strict=True))) for i, point in enumerate(points)]
    return ET.fromstring(svg([*found, *[Outcome(("?",), {})] * unknown], figures, ["w"], title=title))


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def marked(root: ET.Element, kind: str) -> list[int]:
    """The numbers of the points of a kind, as their tooltips name them."""
    circles = [one for one in root.iter(f"{SVG}circle") if one.get("class") == kind]
    return sorted(int((one.findtext(f"{SVG}title") or "").removeprefix("w=")) for one in circles)


def test_the_front_is_marked():
    draw = random.Random(1)
    points = [(draw.randrange(1, 40), draw.randrange(1, 40)) for _ in range(200)]
    points = list(dict.fromkeys(points))
    best = [i for i, p in enumerate(points) if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
    root = plot(points)
    assert marked(root, "front") == best
    assert marked(root, "point") == [i for i in range(len(points)) if i not in best]


@pytest.mark.parametrize(
    ("figure", "values", "labels"),
    [
        ("macs", [0, 450], ["0", "100", "200", "300", "400", "500"]),
        ("macs", [0, 0], ["0", "1"]),
        ("macs", [7, 30_000_000_000_000], ["1", "10", "100", "1 k", "10 k", "100 k", "1 M", "10 M", "100 M", "1 G", "10 G", "100 G", "1 T", "10 T", "100 T"]),
        ("weights", [0, 2**20 * 3], ["0 bytes", "1 MiB", "2 MiB", "3 MiB"]),
        # Powers of 4 and of 16.
        ("weights", [2**10, 2**20], ["1 KiB", "4 KiB", "16 KiB", "64 KiB", "256 KiB", "1 MiB"]),
        ("weights", [2**12, 2**32], ["4 KiB", "64 KiB", "1 MiB", "16 MiB", "256 MiB", "4 GiB"]),
    ],
)  # fmt: skip
def test_ticks(figure, values, labels):
    root = plot([(1, value) for value in values], ("parameters", figure))
    shown = [one.text for one in root.iter(f"{SVG}text") if one.get("text-anchor") == "end"]
    assert shown == labels


def test_what_is_not_drawn_is_said():
    assert "1 combination; marked: no other is smaller in both" in texts(plot([(1, 1)]))
    assert "2 combinations; not drawn: 3 with unknown figures; marked: no other is smaller in both" in texts(
        plot([(1, 1), (2, 2)], unknown=3)
    )
    assert "no result has both figures; not drawn: 2 with unknown figures" in texts(plot([], unknown=2))
    root = plot([(n, n) for n in range(12_000)])
    # All but the smallest are behind the front.
    assert "12,000 combinations; beside the front one of 3 is drawn; marked: no other is smaller in both" in texts(root)
    assert len(marked(root, "point")) == 4_000


def test_hostile_titles():
    root = plot([(1, 1)], title="<b>&\"'\x07 " + "long " * 40)
    (title,) = [one.text for one in root.iter(f"{SVG}text") if one.get("class") == "ink title"]
    assert title is not None
    assert title.startswith("<b>&\"'")
    assert len(title) == 60
    assert re.fullmatch(r"[^\x00-\x1f]*", title)
