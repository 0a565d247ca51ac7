"""Texts that change under the editor: answers equal those for the same text opened anew, whatever is typed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncalc.editor import actions, completion, diagnostics, hints, hover, symbols
from cnncalc.editor.documents import Change, Document, path_of
from cnncalc.editor.positions import Position, Positions, Span
from tests.editor import edits

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
URI = "file:///nets/a%20net.yaml"


def test_changes_apply_in_order_and_count_in_utf_16():
    document = Document(URI, "a😀b\nc")
    insert = Change(Span(Position(0, 3), Position(0, 3)), "x")
    replace = Change(Span(Position(0, 4), Position(1, 1)), "!")
    document.change([insert, replace], 2)
    assert (document.text, document.version) == ("a😀x!", 2)


def test_a_change_without_a_range_is_the_whole_text():
    document = Document(URI, "a")
    document.change([Change(None, "b")])
    assert document.text == "b"


@pytest.mark.parametrize(
    ("uri", "path"), [(URI, "/nets/a net.yaml"), ("untitled:Untitled-1", "Untitled-1"), ("inmemory://model/1.yaml", "1.yaml")]
)
def test_the_path_of_a_uri(uri, path):
    assert path_of(uri) == path


def answers(document: Document, offset: int) -> list[object]:
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
    document = Document(URI, path.read_text(encoding="utf-8"))
    for _ in range(6):
        text = document.text
        start, end, typed = edits.random_change(draw, text)
        document.change([Change(Positions(text).between(start, end), typed)])
        if document.text != text[:start] + typed + text[end:]:
            # The place lies inside \r\n, which editors count as one.
            continue
        offset = draw.randrange(len(document.text) + 1)
        assert answers(document, offset) == answers(Document(URI, document.text), offset)
        if draw.random() < 0.5:
            document.change([Change(None, text)])
            assert document.snapshot.text == text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_answers_equal_those_of_a_text_opened_anew(path, data):
    document = Document(URI, path.read_text(encoding="utf-8"))
    for _ in range(data.draw(st.integers(1, 3))):
        length = len(document.text)
        start = data.draw(st.integers(0, length))
        end = min(length, start + data.draw(st.integers(0, 12)))
        positions = Positions(document.text)
        document.change([Change(positions.between(start, end), data.draw(TYPED))])
        offset = data.draw(st.integers(0, len(document.text)))
        now = answers(document, offset)
        # Hints while the text is broken come from the last good one: they may differ, and may not fail.
        hints.hints(document.snapshot, document.last_good)
        assert now == answers(Document(URI, document.text), offset)
