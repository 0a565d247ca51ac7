"""What differs between two networks, where rows were put in and automatic names shift."""

import cnncalc
from cnncalc.analysis.comparison import before, compare

HEAD = "input: 8x8x3\nlayers:\n"
FIRST = "  - {conv: 4, kernel_size: 3}\n"
SECOND = "  - {conv: 16, kernel_size: 3}\n"


def difference(first, second):
    return compare(cnncalc.loads(HEAD + first), cnncalc.loads(HEAD + second))


def told(found):
    return [(change.status, *(node.name if node else None for node in change[:2])) for change in found.changes]


def test_a_row_put_in_changes_only_what_reads_more_channels():
    found = difference(
        f"{FIRST}  - relu\n{SECOND}  - relu\n", f"{FIRST}  - relu\n  - {{conv: 8, kernel_size: 1}}\n  - relu\n{SECOND}  - relu\n"
    )
    assert told(found) == [("added", None, "conv2"), ("added", None, "relu2"), ("changed", "conv2", "conv3")]
    assert found.same == 3
    changed = found.changes[2]
    # No field of it: it reads 8 channels instead of 4. (9·4 + 1)·16 and (9·8 + 1)·16
    assert changed.fields == {}
    assert (changed.before.parameters, changed.after.parameters) == (592, 1168)
    # relu2 gave the output and relu3 gives it, of the same shape.
    assert found.ends == []


def test_shapes_that_halve_behind_a_stride_are_changes_of_the_same_layers():
    found = difference(f"{FIRST}  - relu\n  - global_avgpool\n", f"{FIRST}  - {{maxpool: 2}}\n  - relu\n  - global_avgpool\n")
    # The pooling gives 4 channels as before, of 3x3 instead of 6x6 cells.
    assert told(found) == [("added", None, "maxpool1"), ("changed", "relu1", "relu1"), ("changed", *["global_avgpool1"] * 2)]


def test_outputs_are_told_where_they_are_others():
    assert difference(FIRST, f"  - dropout\n{FIRST}").ends == []
    (ends,) = difference(FIRST, f"{FIRST}  - relu\n").ends
    assert (ends[0], [s.name for s in ends[1]], [s.name for s in ends[2]]) == ("outputs", ["conv1"], ["relu1"])
    # What is called by a written name is asked for by it.
    named = FIRST.replace("}", ", name: last}")
    assert difference(FIRST, named).ends
    assert difference(named, f"  - dropout\n{named}").ends == []


def test_a_new_name_alone_changes_no_layer():
    found = difference(f"{FIRST}  - relu\n", f"{FIRST.replace('}', ', name: stem}')}  - relu\n")
    assert (found.changes, found.same, found.renamed, bool(found)) == ([], 2, [("conv1", "stem")], False)


def test_weights_are_shared_with_the_same_layer_whatever_its_number():
    one, other = "  - {conv: 3, kernel_size: 1}\n", "  - {conv: 3, kernel_size: 1, share: NAME}\n"
    first = one * 2 + other
    assert difference(first.replace("NAME", "conv1"), "  - relu\n" + first.replace("NAME", "conv1")).changes[1:] == []
    # conv1 is conv2 now.
    shifted = "  - {conv: 3, kernel_size: 1, bias: false}\n" + first
    assert told(difference(first.replace("NAME", "conv1"), shifted.replace("NAME", "conv2"))) == [("added", None, "conv1")]
    (change,) = difference(first.replace("NAME", "conv1"), first.replace("NAME", "conv2")).changes
    assert change.fields == {"share": ("conv1", "conv2")}


def test_before_marks_the_rows_that_were_set():
    text = HEAD + "  - {conv: 4, kernel_size: 1}\n  - {conv: 8, kernel_size: 1}\n  - {conv: 8, kernel_size: 1}\n"
    original = cnncalc.loads(text)
    found = before(original, cnncalc.loads(text, set="conv1.filters=8"))
    # conv2 reads more channels, which follows from the change of conv1 and is not marked itself.
    assert found.changed == {"conv1"}
    # (3 + 1)·4 + (4 + 1)·8 + (8 + 1)·8
    assert found.totals["parameters"] == 128


def test_weights_that_become_shared_are_named():
    one = "  - {conv: 3, kernel_size: 1}\n"
    found = difference(one * 2, f"{one}  - {{conv: 3, kernel_size: 1, share: conv1}}\n")
    assert [change.fields for change in found.changes] == [{"share": (None, "conv1")}]
    back = difference(f"{one}  - {{conv: 3, kernel_size: 1, share: conv1}}\n", one * 2)
    assert [change.fields for change in back.changes] == [{"share": ("conv1", None)}]


def test_totals_of_a_network_with_an_unknown_shape_are_not_compared():
    # A window of 7 is larger than the 3x3 cells that the first convolution leaves.
    text = "input: 5x5x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n  - {conv: 4, kernel_size: 7}\n"
    assert before(cnncalc.loads(text), cnncalc.loads(text, set="conv2.kernel_size=1")).totals is None
    sound = text.replace("7}", "3}")
    # (3·9 + 1)·4 + (4·9 + 1)·4
    assert before(cnncalc.loads(sound), cnncalc.loads(sound, set="conv2.kernel_size=1")).totals["parameters"] == 112 + 148


def test_padding_that_follows_the_input_is_no_change_of_the_layer():
    # `same` pads 32 cells by 0 + 1 and 33 cells by 1 + 1; the row says the same.
    text = "input: 32x32x3\nlayers:\n  - {conv: 4, kernel_size: 3, stride: 2, padding: same}\n  - {maxpool: 3, stride: 2, padding: same}\n"
    network = cnncalc.loads(text, input="33x33x3")
    found = before(cnncalc.loads(text), network)
    assert (found.changed, found.following) == ({"input"}, 2)
    assert all(not change.fields for change in compare(cnncalc.loads(text), network).changes)


def test_a_layer_of_unknown_shape_is_no_change_of_the_user():
    # 8 − 9 < 0: nothing is known of the rows behind the first.
    text = "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n  - {maxpool: 2}\n  - {conv: 4, kernel_size: 1, stride: 1x1}\n"
    network = cnncalc.loads(text, set={"conv1.kernel_size": 9, "conv2.bias": False})
    found = before(cnncalc.loads(text), network)
    assert found.changed == {"conv1", "conv2"}
    assert found.totals is None
