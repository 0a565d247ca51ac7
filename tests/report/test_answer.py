"""The lines that the shell prints after a change: nothing is cut, numbers stand below one another."""

import cnncalc
from cnncalc.report.answer import rows

NET = """\
input: 32x32x3
layers:
  - {conv: 128, kernel_size: 3, stride: 2, padding: [[0, 1], [0, 1]], bias: false, name: the_first_convolution_of_the_network}
  - branches:
      residual_branch_with_a_long_name: [{conv: 128, kernel_size: 3, padding: 1}]
      shortcut: []
    merge: add
"""


def lines(width):
    net = cnncalc.loads(NET)
    return ["".join(part for part, _ in row) for row in rows(net, ["the_first_convolution_of_the_network", "add1"], width)]


def test_long_names_and_fields_are_wrapped():
    for width in (None, 200, 80, 60):
        found = lines(width)
        assert not [line for line in found if "…" in line]
        first = next(i for i, line in enumerate(found) if "add1" in line)
        assert "".join(line[:20].strip() for line in found[:first]) == "the_first_convolution_of_the_network"
        # 3·3·3·128 weights, 3·3·128·128 + 128
        assert found[0].endswith("3,456")
        assert any(line.endswith("147,584") for line in found)
        assert width is None or max(map(len, found)) <= max(width, 80)
