"""Text → nodes: places, keys, anchors and limits, by libyaml and by PyYAML's own parser."""

from pathlib import Path

import pytest
import yaml

import cnncalc
from cnncalc.build.reading import decode
from cnncalc.language import compose as parsing
from cnncalc.language import source
from cnncalc.language.compose import compose
from cnncalc.language.source import MAX_ALIASED, Mapping, Scalar, Sequence, value_of
from cnncalc.problem import SpecError

BAD = Path(__file__).parents[1] / "bad"


def problems(text):
    found = []
    try:
        compose(text, "f.yaml", found)
    except SpecError as error:
        return error.problems
    return found


def test_nodes_know_their_places():
    node = compose("a: {b: [1, é2], c: 'x'}\nd:\n  - e\n", None, [])
    assert isinstance(node, Mapping)
    inner = node.get("a")
    assert (inner.line, inner.column, inner.end_line, inner.end_column, inner.flow) == (1, 4, 1, 24, True)
    second = inner.get("b").items[1]
    assert isinstance(second, Scalar)
    assert (second.text, second.column, second.end_column) == ("é2", 12, 14)
    rows = node.get("d")
    assert isinstance(rows, Sequence)
    assert (rows.line, rows.column, rows.flow) == (3, 3, False)


def test_only_plain_words_are_nothing():
    values = value_of(compose("[~, null, '', 'null', Null, nothing]", None, []))
    assert values == (None, None, "", "null", None, "nothing")


def test_a_merged_key_yields_to_the_map_s_own():
    node = compose("x: &x {a: 1, b: 2}\ny: {b: 3, <<: *x}\nz: {<<: [{a: 5}, *x]}\n", None, [])
    assert dict(value_of(node.get("y"))) == {"b": "3", "a": "1"}
    assert dict(value_of(node.get("z"))) == {"a": "5", "b": "2"}


@pytest.mark.parametrize(
    ("text", "rule", "line", "column", "said"),
    [("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, "written twice, first on line 1"), ("a:\n\tb: 1\n", "yaml", 2, 1, "a tab"),
     ("a: [1, 2\nb: 3\n", "yaml", 1, 4, "this [ is never closed"), ("a: *b\n", "yaml", 1, 4, "&b is not defined"), ("a: &a [*a]\n", "yaml", 1, 8, "contains itself"),
     ("a: !!int 3\n", "yaml", 1, 4, "!!int"), ("a: 1\n---\nb: 2\n", "yaml", 2, 1, "second document"), ("? [a]\n: b\n", "yaml", 1, 3, "a key"),
     ("[" * 101 + "]" * 101, "limit", 1, 101, "100 levels"), ("<<: 3\n", "yaml", 1, 5, "<< merges"), ("a: b: c\n", "yaml", 1, 5, "needs quotes")],
)  # fmt: skip
@pytest.mark.parametrize("parser", ["libyaml", "python"])
def test_faults_and_their_places(parser, text, rule, line, column, said, monkeypatch):
    if parser == "python":
        monkeypatch.setattr(parsing, "_Parser", yaml.SafeLoader)
    (problem,) = problems(text)
    assert (problem.rule, problem.location.line, problem.location.column) == (rule, line, column), problem
    assert said in problem.message


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        # The first row is read on into the second, up to a bracket.
        ("layers:\n  - {conv: 8\n  - relu\n  - {fc: 3}\n", 2, 5, "this { is never closed; write }"),
        ("layers:\n  - {conv: 8, kernel_size: [3, 5}\n", 2, 28, "this [ is never closed; write ]"),
        ("layers:\n  - relu\n  - {conv: 8, padding: [1,\n", 3, 24, "this [ is never closed"),
        # Brackets in quotes and comments close nothing.
        ("layers:\n  - {name: 'a }', padding: [1, 2} # ]\n", 2, 28, "this [ is never closed"),
        ('{"layers": ["relu"\n}\n', 1, 12, "this [ is never closed"),
        # Closed, but a comma is missing: where the next key ends.
        ("layers:\n  - {conv: 8,\n     kernel_size: 3\n     stride: 2}\n", 4, 12, "a comma"),
        ("layers:\n  - {conv: ${n}, kernel_size: 3}\n", 2, 12, 'needs quotes, as in {conv: "${n}"}'),
        ("layers:\n  - {conv: 8, kernel_size: [1, ${k + 1}]}\n", 2, 32, '{conv: "${k + 1}"}'),
        ("layers:\n  - conv: 8, kernel_size: 3  # F\n", 2, 5, "needs braces: - {conv: 8, kernel_size: 3}"),
        ("layers:\n  - conv: 8\n    stride: 2, padding: 1\n", 3, 5, "each of stride, padding on a line of its own"),
        ("# a\n\nimport torch\nclass Net(nn.Module):\n    x: y: z\n", 3, 1, "this is code"),
        ("net = {'input': (32, 32, 3), 'layers': []}\n", 1, 1, "`input: 32x32x3`"),
    ],
)
@pytest.mark.parametrize("parser", ["libyaml", "python"])
def test_brackets_and_rows_that_are_not_yaml(parser, text, line, column, said, monkeypatch):
    if parser == "python":
        monkeypatch.setattr(parsing, "_Parser", yaml.SafeLoader)
    (problem,) = problems(text)
    assert problem.rule == "yaml"
    assert said in problem.message
    assert (problem.location.line, problem.location.column) == (line, column), problem


@pytest.mark.parametrize(
    ("text", "rule", "line", "column", "said"),
    [
        ("[" * 50_000, "limit", 1, 101, "100 levels"),
        ("a:\n" + "- " * 2_000, "limit", 2, 199, "100 levels"),
        ("a: 1\nb: {c: " + "{d: " * 1_000, "limit", 2, 400, "100 levels"),
        ("a: re\x07lu\n", "yaml", 1, 6, "U+0007"),
        ("a: 1\r\nb: \x1b[31m\n", "yaml", 2, 4, "U+001B"),
        ("a: 1\rb: \x7f\n", "yaml", 2, 4, "U+007F"),
        ("a: \ufeff1\n", "yaml", 1, 4, "U+FEFF"),
        ("a: \ufffe\n", "yaml", 1, 4, "U+FFFE"),
        ("a: 'b\nc: d\n", "yaml", 1, 4, "this quote is never closed"),
        ("a: 1\n b: 2\n", "yaml", 2, 2, "b begins in column 2, and a above it in 1"),
        ("  a: 1\nb: 2\n", "yaml", 2, 1, "is the indent of this line too small"),
        ("- a\n-b\n", "yaml", 2, 1, "a dash and a space"),
        ("a: - b\n", "yaml", 1, 4, "a list behind a key begins on the next line"),
        ("a: [b, ,]\n", "yaml", 1, 8, "a value is missing before it"),
        ("a: @b\n", "yaml", 1, 4, "put the word in quotes"),
        ("a: & b\n", "yaml", 1, 5, "anchor"),
        ("a: |x\n", "yaml", 1, 5, "| and > begin a text"),
    ],
)
def test_both_parsers_give_the_same_problem(text, rule, line, column, said, monkeypatch):
    found = problems(text)
    assert [(p.rule, p.location.line, p.location.column) for p in found] == [(rule, line, column)]
    assert said in found[0].message
    monkeypatch.setattr(parsing, "_Parser", yaml.SafeLoader)
    assert problems(text) == found


def test_beyond_the_part_that_is_read_again_a_limit_is_still_a_limit(monkeypatch):
    """libyaml from 0.2.6 on gives up at 1,000 open brackets in one line; older ones go on, and the depth is counted here."""
    monkeypatch.setattr(parsing, "MAX_REREAD", 10)
    (problem,) = problems("a: 1\nb: " + "[" * 5_000)
    assert problem.rule == "limit"
    assert problem.location.line == 2


def test_a_long_line_in_an_open_bracket_is_read_once():
    (problem,) = problems("a: [b" + "#" * 2_000_000 + "\nc: d\n")
    assert (problem.location.line, problem.location.column) == (1, 4)


def test_aliases_unfold_within_a_limit():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    (problem,) = problems("\n".join(lines))
    assert problem.rule == "limit"
    assert f"{MAX_ALIASED:,}" in problem.message


def test_a_list_has_as_many_items_as_a_network_has_rows(monkeypatch):
    monkeypatch.setattr(source, "MAX_ITEMS", 3)
    (problem,) = problems("[1, 2, 3, 4]")
    assert (problem.rule, problem.location.column) == ("limit", 11)


@pytest.mark.parametrize(
    ("data", "said", "line", "column"),
    [
        (b"\xff\xfea\x00", "UTF-16", 1, 1),
        (b"a: 1\nb: caf\xe9\n", "0xe9 is not UTF-8", 2, 7),
        (b"\x89PNG\x00\xff", "binary", 1, 1),
        (b"a: \x00", "binary", 1, 4),
    ],
)
def test_bytes_that_are_no_text(data, said, line, column):
    with pytest.raises(SpecError, match=said) as caught:
        decode(data, "f.yaml")
    (problem,) = caught.value.problems
    assert (problem.rule, problem.location.line, problem.location.column) == ("file", line, column)


def test_a_byte_order_mark_is_no_text():
    assert decode(b"\xef\xbb\xbfa: 1", None) == "a: 1"


def test_both_parsers_find_the_same_in_every_bad_file(monkeypatch):
    def found():
        result = {}
        for path in sorted(BAD.glob("*.yaml")):
            try:
                told = cnncalc.load(path).problems
            except SpecError as error:
                told = error.problems
            result[path.name] = told
        return result

    fast = found()
    monkeypatch.setattr(parsing, "_Parser", yaml.SafeLoader)
    assert found() == fast
