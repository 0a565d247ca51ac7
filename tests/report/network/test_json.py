"""JSON of networks, whole and in pieces."""

import json

import cnncalc
from cnncalc.report.network.formats.json import document, parts, text

NET = """\
input: 8x8x3
layers:
  - {conv: 4, kernel_size: 3, padding: 1, repeat: 50}
  - {maxpool: 2, expect: 5x5x4}
"""


def test_the_pieces_are_the_text_and_no_piece_has_two_layers():
    networks = [cnncalc.loads(NET), cnncalc.loads(NET, set={"conv1.bias": False}), cnncalc.load("specs/lenet5.yaml")]
    for count in range(4):
        whole = text([document(network) for network in networks[:count]], as_list=True)
        pieces = list(parts((document(network, streamed=True) for network in networks[:count]), as_list=True))
        assert "".join(pieces) == whole
        assert all(piece.count('"kind"') <= 1 for piece in pieces)
        assert [len(one["layers"]) for one in json.loads(whole)] == [51, 51, 7][:count] or count == 3
    (alone,) = json.loads(f"[{''.join(parts([document(networks[0], streamed=True)], as_list=False))}]")
    assert alone == document(networks[0])


def test_layers_are_made_when_they_are_written():
    made = []
    pieces = parts([{"name": "n", "layers": (made.append(i) or {"name": i} for i in range(3))}], as_list=False)
    assert next(pieces) == ""
    for _ in range(4):
        next(pieces)
    assert made == [0]
    assert json.loads("".join(parts([{"layers": iter(()), "problems": []}], as_list=False))) == {"layers": [], "problems": []}


def test_copies_with_other_fields_keep_their_own():
    """Fields are kept for equal copies only: a width that grows with the copy, and a frozen row."""
    net = cnncalc.loads(
        'input: 8x8x3\nlayers:\n  - {conv: "${4 + i}", kernel_size: 1, repeat: 3}\n  - {fc: 2, trainable: false}\n  - {fc: 2}\n'
    )
    layers = document(net)["layers"]
    assert [one["summary"] for one in layers] == ["4 × 1×1", "5 × 1×1", "6 × 1×1", "2", "2"]
    # 3·4 + 4, 4·5 + 5, 5·6 + 6, 384·2 + 2, 2·2 + 2
    assert [one["parameters"] for one in layers] == [16, 25, 36, 770, 6]
    assert [one["trainable"] for one in layers] == [16, 25, 36, 0, 6]
