"""Texts that change under the editor: answers equal those for the same text opened anew, whatever is typed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncalc.editor import actions, completion, diagnostics, hints, hover, symbols
from cnncalc.editor.documents import OpenFile, TextChange, path_of
from cnncalc.editor.positions import Position, Positions, Span
from tests.editor import edits

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
URI = "file:///nets/a%20net.yaml"


def test_changes_apply_in_order_and_count_in_utf_16():
    document = OpenFile(URI, "a😀b\nc")
    insert = TextChange(Span(Position(0, 3), Position(0, 3)), "x")
    replace = TextChange(Span(Position(0, 4), Position(1, 1)), "!")
    document.change([insert, replace], 2)
    assert (document.text, document.version) == ("a😀x!", 2)


def test_a_change_without_a_range_is_the_whole_text():
    document = OpenFile(URI, "a")
    document.change([TextChange(None, "b")])
    assert document.text == "b"


@pytest.mark.parametrize(
    ("uri", "path"), [(URI, "/nets/a net.yaml"), ("untitled:Untitled-1", "Untitled-1"), ("inmemory://model/1.yaml", "1.yaml")]
)
def test_the_path_of_a_uri(uri, path):
    assert path_of(uri) == path


def answers(document: OpenFile, offset: int) -> list[object]:
    """What every feature says of a text."""
    snapshot = document.snapshot
    span = Span(snapshot.positions.position(0), snapshot.positions.position(len(snapshot.text)))
    return [
        diagnostics.diagnostics(snapshot),
        hints.hints(snapshot) if not snapshot.recovered.blanked else [],
        hints.lenses(snapshot),
        hover.hover(snapshot, offset),
        completion.complete(snapshot, offset),
        actions.actions(snapshot, span),
        symbols.entries(snapshot),
        symbols.folds(snapshot),
        symbols.references(snapshot, offset),
    ]


TYPED = st.one_of(
    st.sampled_from(
        ["", "\n", "  - ", "{", "}", "[", "]", ":", ": ", "${", "#", "'", '"', "conv", "3", "relu\n", "&a ", "*a", "\t"]
    ),
    st.text(alphabet="ab 😀漢\u2028\x85\r\n-{}[]:,#'\"$&*!|>%@`0123456789", max_size=8),
)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_answers_after_edits_of_every_kind_equal_those_of_a_text_opened_anew(path):
    draw = random.Random(path.stem)
    document = OpenFile(URI, path.read_text(encoding="utf-8"))
    for _ in range(6):
        text = document.text
        start, end, typed = edits.random_change(draw, text)
        document.change([TextChange(Positions(text).between(start, end), typed)])
        if document.text != text[:start] + typed + text[end:]:
            # The place lies inside \r\n, which editors count as one.
            continue
        offset = draw.randrange(len(document.text) + 1)
        assert answers(document, offset) == answers(OpenFile(URI, document.text), offset)
        if draw.random() < 0.5:
            document.change([TextChange(None, text)])
            assert document.snapshot.text == text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_answers_equal_those_of_a_text_opened_anew(path, data):
    document = OpenFile(URI, path.read_text(encoding="utf-8"))
    for _ in range(data.draw(st.integers(1, 3))):
        length = len(document.text)
        start = data.draw(st.integers(0, length))
        end = min(length, start + data.draw(st.integers(0, 12)))
        positions = Positions(document.text)
        document.change([TextChange(positions.between(start, end), data.draw(TYPED))])
        offset = data.draw(st.integers(0, len(document.text)))
        now = answers(document, offset)
        # Hints while the text is broken come from the last good one: they may differ, and may not fail.
        hints.hints(document.snapshot, document.last_good)
        assert now == answers(OpenFile(URI, document.text), offset)


NESTED = """\
input: 32x32x3
vars: {w: 8}
blocks:
  unit:
    parameters: {out: , k: 3}
    layers:
      - {conv: "${out}", kernel_size: "${k}", padding: "${k // 2}"}
      - relu
  stage:
    parameters: {count: 2}
    layers:
      - {identity: , name: first}
      - {block: unit, out: "${w}", name: u, repeat: "${count}"}
      - concat: [first, u.*]
  residual:
    layers:
      - branches:
          body: [{block: unit, out: "${in_channels}"}]
          short: []
        merge: add
layers:
  - {conv: 8, kernel_size: 3, padding: 1, name: stem}
  - {block: stage, name: one, expect: 32x32x24}
  - {block: residual, name: two, repeat: 2}
  - {relu: , name: other}
  - {conv: 24, kernel_size: 3, padding: 1, share: stem}
  - {add: other}
  - {maxpool: 2, stride: 2}
  - {block: unit, name: last, out: 4}
  - {fc: 10}
expect: {output: 10}
"""
CHANGES = [
    ("expect: 32x32x24", "expect: 32x32x25"),
    ("output: 10", "output: 11"),
    ("name: one,", "name: one, count: 3,"),
    ("name: two, repeat: 2", "name: two, repeat: 3"),
    ("name: two, repeat: 2", "name: two, repeat: 0"),
    ("{relu: , name: other}", "{relu: , name: other, repeat: 0}"),
    ("{relu: , name: other}", "{relu: , name: first}"),
    ("maxpool: 2, stride: 2", "maxpool: 3, stride: 2"),
    ("name: last, out: 4", "name: last, out: 5"),
    ("name: last, out: 4", "out: 4"),
    ("name: last, out: 4", "name: last, out: 4, k: 2"),
    ("name: last, out: 4", "name: last, out: 4, fit: floor"),
    ("name: last, out: 4", "name: last, out: 4, trainable: false"),
    ("share: stem", "share: one"),
    ("k: 3}", "k: 5}"),
    ("      - relu\n  stage", "      - relu6\n  stage"),
    ("w: 8", "w: 9"),
    ("32x32x3\nvars", "33x32x3\nvars"),
    ("short: []", "short: [relu]"),
    ("merge: add", "merge: concat"),
    ("layers:\n  - {conv: 8", "layers:\n  - relu\n  - {conv: 8"),
    ("kernel_size: 3, padding: 1, name: stem", "kernel_size: 3, stride: 3, name: stem"),
    ("input: 32", "layout: channels_first\ninput: 32"),
    ("expect: {output", "ignore: stride-fit\nexpect: {output"),
    ("  - {fc: 10}", "  - {fc: 10"),
]


@pytest.mark.parametrize("second", CHANGES[:3])
@pytest.mark.parametrize("first", CHANGES)
def test_layers_taken_from_the_last_version_are_those_of_a_text_opened_anew(first, second):
    document = OpenFile(URI, NESTED)
    assert document.snapshot.network is not None
    once = NESTED.replace(*first, 1)
    assert once != NESTED
    for text in (NESTED, once, once.replace(*second, 1), once, NESTED):
        document.change([TextChange(None, text)])
        fresh = OpenFile(URI, text)
        assert answers(document, 0) == answers(fresh, 0)
        both = [one.snapshot.network for one in (document, fresh)]
        assert len({repr([(n.name, n.shape, n.line, n.shared, n.inputs) for n in net.layers]) for net in both if net}) <= 1


def test_an_expectation_that_changes_leaves_every_layer():
    document = OpenFile(URI, NESTED)
    before = list(document.snapshot.network.layers)
    document.change([TextChange(None, NESTED.replace("output: 10", "output: 11").replace("32x32x24", "32x32x25"))])
    after = document.snapshot.network.layers
    assert [one is other for one, other in zip(after, before, strict=True)] == [True] * len(before)
