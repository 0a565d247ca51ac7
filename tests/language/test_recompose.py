"""A text parsed again after a change: the nodes equal those of the whole text parsed anew, and other rows keep theirs."""

from __future__ import annotations

import pytest

from cnncalc.language.compose import compose
from cnncalc.language.recompose import Recomposer
from cnncalc.language.source import Mapping, Sequence, YamlNode
from cnncalc.problem import SpecError

TEXT = """\
input: 32x32x3
blocks:
  stem:
    layers:
      - {conv: 8, kernel_size: 3}
      - relu
layers:
  - {conv: 10, kernel_size: 5}  # the first
  - relu

  - &pool {maxpool: 2}
  - *pool
  - conv: 4
    kernel_size: 3
  - "softmax"
"""


#: Without an anchor, whose use on another line a change could take away.
PLAIN = TEXT.replace("&pool ", "").replace("*pool", "{maxpool: 3}") + "  - relu\n  - {fc: 3}\n  - {fc: 5}\n  - {fc: 4}\n"


def shown(node: YamlNode | None) -> object:
    """A tree as plain data, with every place."""
    if node is None:
        return None
    at = (node.line, node.column, node.end_line, node.end_column)
    if isinstance(node, Sequence):
        return at, node.flow, [shown(item) for item in node.items]
    if isinstance(node, Mapping):
        return at, node.flow, [(key, shown(word), shown(value)) for key, (word, value) in node.pairs.items()]
    return at, node.text, node.null


def outcome(composed, text: str) -> object:
    """The tree of a text, or the problems that make it unreadable; and the problems that do not."""
    problems = []
    try:
        return shown(composed(text, "a.yaml", problems)), problems
    except SpecError as error:
        return error.problems, problems


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("conv: 10,", "conv: 100,"),
        ("- relu\n\n", "- relu6 # why\n\n"),
        ('"softmax"', "softmax"),
        ('"softmax"', '"softmax'),
        ('"softmax"', "softmax: 3"),
        ('"softmax"', "|"),
        ('"softmax"', ">"),
        ('"softmax"', "? a"),
        ('"softmax"', "- a"),
        ('"softmax"', ""),
        ('"softmax"', "# softmax"),
        ('"softmax"', "*pool"),
        ('"softmax"', "a\tb"),
        ('"softmax"', "a\x85- b"),
        ('"softmax"', "\x07"),
        ("conv: 10, kernel_size: 5}", "conv: 10, kernel_size: 5"),
        ("conv: 10, kernel_size: 5}", "conv: 10, conv: 5}"),
        ("conv: 10, kernel_size: 5}", 'conv: "${a}"}'),
        ("conv: 10, kernel_size: 5}", "conv: ${a}}"),
        ("conv: 10, kernel_size: 5}", "conv: 10}}"),
        ("conv: 10, kernel_size: 5}", "漢: 😀, <<: {a: b}}"),
        ("  - {conv: 10", " - {conv: 10"),
        ("  - {conv: 10", "   - {conv: 10"),
        ("  - {conv: 10", "  {conv: 10"),
        ("&pool {maxpool: 2}", "{maxpool: 2}"),
        ("&pool {maxpool: 2}", "&pool {maxpool: 3}"),
        ("      - relu\n", "      - relu6\n"),
        ("conv: 4\n", "conv: 5\n"),
        ("32x32x3", "32x32x4"),
        ("32x32x3", "32x32x3 # why"),
        ("32x32x3", "32x32x3: 4"),
        ("32x32x3", "[32, 32"),
        ("32x32x3", "'32x32x3"),
        ("32x32x3", "*pool"),
        ("32x32x3", "|"),
        ("32x32x3", ""),
        ("input: 32", "inputs: 32"),
        ("input: 32", " input: 32"),
        ("input: 32", "layers: 32"),
        ("conv: 10, kernel_size: 5}", 'conv: "${2 * 5}"}'),
        ("  - relu\n\n", "  - relu\n    \n"),
        ("  - relu\n\n", "  - relu\n    more\n"),
        ("  - relu\n\n", "\n\n"),
        ("  - {fc: 3}", "    {fc: 3}"),
        ("  - {fc: 3}", "    fc: 3}"),
        ("  - {fc: 4}", "    {fc: 4}"),
        ("  - {fc: 4}", "  - {fc: 4"),
        ("  - {fc: 4}", "  - 'fc: 4"),
    ],
)
@pytest.mark.parametrize("text", [TEXT, PLAIN])
def test_a_changed_row_gives_what_the_whole_text_gives(text, old, new):
    if old not in text:
        pytest.skip("the change is one of the other text")
    composed = Recomposer()
    assert outcome(composed, text) == outcome(compose, text)
    changed = text.replace(old, new, 1)
    assert outcome(composed, changed) == outcome(compose, changed)
    assert outcome(composed, text) == outcome(compose, text)


def test_a_row_that_only_libyaml_reads_is_where_the_error_is():
    text = PLAIN.replace("maxpool: 3}", "maxpool: 3? }")
    composed = Recomposer()
    assert outcome(composed, text) == outcome(compose, text)
    changed = text.replace("{fc: 4}", "{fc: 4")
    assert outcome(composed, changed) == outcome(compose, changed)


def test_the_other_rows_keep_their_nodes():
    text = TEXT.replace("&pool ", "").replace("*pool", "{maxpool: 3}")
    composed = Recomposer()
    before = composed(text, None, [])
    assert isinstance(before, Mapping)
    rows = before.get("layers")
    assert isinstance(rows, Sequence)
    items = list(rows.items)
    after = composed(text.replace("maxpool: 2", "maxpool: 4"), None, [])
    assert isinstance(after, Mapping)
    now = after.get("layers")
    assert isinstance(now, Sequence)
    assert [new is old for new, old in zip(now.items, items, strict=True)] == [True, True, False, True, True, True]
