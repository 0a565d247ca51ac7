"""Layers matched: written names are trusted, automatic ones are not, and sequences against a slower way written differently."""

import functools

from hypothesis import given
from hypothesis import strategies as st

import cnncalc
from cnncalc.analysis import alignment
from cnncalc.analysis.alignment import align


def network(*rows, blocks=""):
    return cnncalc.loads(f"input: 32x32x4\nfit: floor\n{blocks}layers:\n" + "".join(f"  - {row}\n" for row in rows))


def moves(before, after):
    """What became of the layers, by name: those that are called as they were are left out."""
    pairs = align(before, after).pairs
    found = [(a.name if a else None, b.name if b else None) for a, b in pairs]
    return [pair for pair in found if pair[0] != pair[1]]


def conv(filters, more=""):
    return f"{{conv: {filters}, kernel_size: 3, padding: 1{more}}}"


ROWS = (conv(8), "relu", conv(16), "relu", conv(32), "relu", "{fc: 10}")


def test_rows_put_in():
    after = network(*ROWS[:2], conv(12), "relu", *ROWS[2:])
    assert moves(network(*ROWS), after) == [
        (None, "conv2"),
        (None, "relu2"),
        ("conv2", "conv3"),
        ("relu2", "relu3"),
        ("conv3", "conv4"),
        ("relu3", "relu4"),
    ]


def test_a_row_taken_out():
    after = network(*ROWS[:3], *ROWS[4:])
    assert moves(network(*ROWS), after) == [("relu2", None), ("relu3", "relu2")]


def test_a_field_that_changes_while_rows_are_put_in_before_it():
    after = network("{maxpool: 2}", conv(4), *ROWS[:2], ROWS[2].replace("3", "5", 1), *ROWS[3:])
    assert moves(network(*ROWS), after) == [
        (None, "maxpool1"),
        (None, "conv1"),
        ("conv1", "conv2"),
        ("conv2", "conv3"),
        ("conv3", "conv4"),
    ]


def test_layers_of_different_kinds_are_never_one():
    assert moves(network(conv(4), "relu"), network(conv(4), "tanh")) == [("relu1", None), (None, "tanh1")]


def test_a_written_name_is_trusted_even_where_another_row_is_more_alike():
    before = network(conv(8, ", name: a"), conv(16, ", name: b"))
    after = network(conv(16, ", name: a"), conv(8), "tanh", conv(8, ", name: b"))
    assert moves(before, after) == [(None, "conv2"), (None, "tanh1")]
    # Of whatever kind it is now.
    assert moves(network("{relu: , name: act}"), network("{tanh: , name: act}")) == []


def test_named_rows_that_change_places_are_no_others():
    names = [conv(4, f", name: {name}") for name in "zabc"]
    assert moves(network(*names), network(*names[1:], names[0])) == [("z", None), (None, "z")]
    # What has moved is not what stands in its place now.
    moved = network(conv(4, ", name: c"), conv(4, ", name: x"), *names[1:3])
    assert moves(network(*names[1:]), moved) == [(None, "c"), (None, "x"), ("c", None)]


def test_an_automatic_name_may_be_another_row_s_written_one():
    after = network(conv(8), "relu", conv(64, ", name: conv2"), "tanh", *ROWS[2:])
    assert ("conv2", "conv3") in moves(network(*ROWS), after)
    assert (None, "conv2") in moves(network(*ROWS), after)


def test_new_names_are_said():
    before, after = network(*ROWS), network(*ROWS[:2], conv(16, ", name: middle"), *ROWS[3:-1], "{fc: 10, name: head}")
    found = align(before, after)
    assert all(a is not None and b is not None for a, b in found.pairs)
    assert found.renamed == [("conv2", "middle"), ("fc1", "head")]
    # Numbers that shift are no new names.
    assert align(before, network("dropout", conv(4), *ROWS)).renamed == []


BLOCKS = """\
blocks:
  unit:
    parameters: {filters: 8, stride: 1}
    layers:
      - {conv: "${filters}", kernel_size: 3, padding: 1, stride: "${stride}"}
      - {batchnorm: , name: norm}
      - relu
"""
FIRST_STRIDES = '"${2 if i == 0 else 1}"'
STAGES = (
    "{block: unit}",
    f"{{block: unit, name: low, repeat: 2, filters: 8, stride: {FIRST_STRIDES}}}",
    f"{{block: unit, name: high, repeat: 2, filters: 16, stride: {FIRST_STRIDES}}}",
)


def staged(*rows, blocks=BLOCKS):
    return network(*rows, blocks=blocks)


def test_a_row_put_into_a_block_is_put_into_each_copy():
    after = staged(*STAGES, blocks=BLOCKS.replace("      - relu\n", "      - dropout\n      - relu\n"))
    copies = ("unit1", "low.0", "low.1", "high.0", "high.1")
    assert moves(staged(*STAGES), after) == [(None, f"{copy}.dropout1") for copy in copies]


def test_one_copy_more_is_the_last_one():
    after = staged(STAGES[0], STAGES[1].replace("repeat: 2", "repeat: 3"), STAGES[2])
    added = [(None, f"low.2.{name}") for name in ("conv1", "norm", "relu1")]
    assert moves(staged(*STAGES), after) == added
    assert moves(after, staged(*STAGES)) == [(b, a) for a, b in added]


def test_a_repeat_that_comes_or_goes():
    after = staged(STAGES[0], STAGES[1].replace("repeat: 2, ", "").replace(FIRST_STRIDES, "2"), STAGES[2])
    assert moves(staged(*STAGES), after) == [
        ("low.0.conv1", "low.conv1"),
        ("low.0.norm", "low.norm"),
        ("low.0.relu1", "low.relu1"),
        ("low.1.conv1", None),
        ("low.1.norm", None),
        ("low.1.relu1", None),
    ]


def test_a_block_put_in_is_put_in_as_a_whole():
    """Its convolution is the same as the next one's; matched row by row, the one block would end in the other."""
    blocks = BLOCKS + BLOCKS.removeprefix("blocks:\n").replace("unit", "last").replace("relu", "tanh")
    before = staged("{block: unit}", "{block: last}", blocks=blocks)
    after = staged("{block: unit}", "{block: unit}", "{block: last}", blocks=blocks)
    assert moves(before, after) == [(None, f"unit2.{name}") for name in ("conv1", "norm", "relu1")]


def test_a_name_that_changes_in_a_block_or_of_a_block_is_said_once():
    renamed = staged(*STAGES, blocks=BLOCKS.replace("name: norm", "name: scaled"))
    assert align(staged(*STAGES), renamed).renamed == [("unit1.norm", "unit1.scaled")]
    found = align(staged(*STAGES), staged(*STAGES[:2], STAGES[2].replace("high", "top")))
    assert found.renamed == [("high", "top")]
    assert all(a is not None and b is not None for a, b in found.pairs)


def test_rows_that_become_a_block_stay_the_same():
    rows = (conv(8), "{batchnorm: , name: norm}", "relu")
    assert moves(network("{maxpool: 2}", *rows, "tanh"), staged("{maxpool: 2}", "{block: unit}", "tanh")) == [
        ("conv1", "unit1.conv1"),
        ("norm", "unit1.norm"),
        ("relu1", "unit1.relu1"),
    ]


def test_what_is_left_over_in_a_named_block_is_matched_there_alone():
    """A named block loses its tanh, and the one behind it gets one: two changes, for the names say that they are two blocks."""
    rows = ("{block: a, name: x}", "{block: b, name: y}")
    before = staged(*rows, blocks="blocks: {a: {layers: [relu, tanh]}, b: {layers: [relu]}}\n")
    after = staged(*rows, blocks="blocks: {a: {layers: [relu]}, b: {layers: [tanh, relu]}}\n")
    assert moves(before, after) == [("x.tanh1", None), (None, "y.tanh1")]


def test_branches_are_known_by_their_names():
    before = network(f"{{branches: {{a: [{conv(8)}], b: [{conv(8)}, relu]}}, merge: add}}")
    after = network(
        "dropout",
        "{branches: {x: [relu]}, merge: add}",
        f"{{branches: {{b: [{conv(8)}, tanh], a: [{conv(8)}, relu]}}, merge: add}}",
    )
    # One of a and b has changed places: its rows are gone and come again. The merge is the same one.
    assert moves(before, after) == [
        (None, "dropout1"),
        (None, "add1.x.relu1"),
        (None, "add1"),
        ("add1.a.conv1", None),
        ("add1.b.conv1", "add2.b.conv1"),
        ("add1.b.relu1", None),
        (None, "add2.b.tanh1"),
        (None, "add2.a.conv1"),
        (None, "add2.a.relu1"),
        ("add1", "add2"),
    ]


def test_names_are_their_rows_own_where_the_text_is_the_same():
    """Eight filters that become the sixteen of the row behind them, and a copy more: each row is still the one it was."""
    text = "input: 8x8x1\nvars: {a: 8, n: 1}\nlayers:\n  - {conv: '${a}', kernel_size: 1, repeat: '${n}'}\n  - {conv: 16, kernel_size: 1}\n"
    before, after = cnncalc.loads(text), cnncalc.loads(text, set=["a=16", "n=2"])
    pairs = align(before, after, same_text=True).pairs
    assert [(a.name if a else None, b.name) for a, b in pairs] == [
        ("conv1.0", "conv1.0"),
        (None, "conv1.1"),
        ("conv2", "conv2"),
    ]


KINDS = ("relu", "tanh", conv(4), conv(8), conv(4, ", bias: false"), conv(8, ", bias: false, dilation: 2"))


def fields_changed(a, b):
    first, second = a.fields, b.fields
    return sum(first[name] != second[name] for name in first)


def weight(a, b):
    """4 for a layer put in or taken out; for one that changes 3, and 1 for each field after the first, but no more than 7."""
    if a is None or b is None:
        return 4
    return 0 if not fields_changed(a, b) else min(2 + fields_changed(a, b), 7)


@given(st.lists(st.sampled_from(KINDS), max_size=12), st.lists(st.sampled_from(KINDS), max_size=12))
def test_the_way_is_the_one_that_takes_least(first, second):
    before, after = network(*first or ["flatten"]), network(*second or ["flatten"])
    a, b = before.layers, after.layers

    @functools.cache
    def least(i, j):
        if i == len(a) or j == len(b):
            return 4 * (len(a) - i + len(b) - j)
        ways = [4 + least(i + 1, j), 4 + least(i, j + 1)]
        if a[i].kind == b[j].kind:
            ways.append(weight(a[i], b[j]) + least(i + 1, j + 1))
        return min(ways)

    pairs = align(before, after).pairs
    assert sum(weight(*pair) for pair in pairs) == least(0, 0)
    assert [x for x, _ in pairs if x is not None] == a
    assert [y for _, y in pairs if y is not None] == b


def test_a_way_that_strays_far_from_the_diagonal_is_found():
    """30 rows taken out in front and 30 put in behind, more than the first try allows for."""
    many = [conv(4 + k) for k in range(60)]
    before, after = network(*["relu"] * 30, *many), network(*many, *["tanh"] * 30)
    pairs = align(before, after).pairs
    assert [(a.name, b.name) for a, b in pairs if a and b] == [(f"conv{k}", f"conv{k}") for k in range(1, 61)]


def test_sequences_that_are_too_long_to_be_weighed(monkeypatch):
    """By turns, each row with the next of its kind; equal rows at both ends are matched before."""
    monkeypatch.setattr(alignment, "_MOST", 0)
    before = network(conv(4), conv(8), "relu", conv(16), "{fc: 10}")
    after = network(conv(4), "tanh", conv(12), conv(18), "{fc: 10}")
    assert moves(before, after) == [(None, "tanh1"), ("relu1", None)]


def test_thousands_of_rows_are_matched_at_once():
    """5,000 rows with a change at both ends: without a bound, 25 million comparisons."""
    rows = [conv(4 + k % 3) if k % 2 else "relu" for k in range(5000)]
    before, after = network(*rows), network(*rows[:5], "dropout", *rows[5:-5], "dropout", *rows[-5:])
    assert moves(before, after) == [(None, "dropout1"), (None, "dropout2")]
