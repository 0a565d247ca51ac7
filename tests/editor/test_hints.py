"""Sizes and parameters at the ends of lines; expectations are the lecture's, Table 1 of ResNet's paper, or by hand."""

from __future__ import annotations

from pathlib import Path

from cnncalc.editor.hints import hints, lenses
from cnncalc.editor.snapshot import Snapshot

SPECS = Path(__file__).parents[2] / "specs"
LECTURE = "input: 32x32x3\nlayers:\n  - {conv: 10, kernel_size: 5, padding: 2}\n  - relu\n"


def labels(text: str, last: Snapshot | None = None) -> dict[int, str]:
    return {hint.position.line: hint.label for hint in hints(Snapshot(text), last)}


def test_the_lecture_s_convolution():
    # (5·5·3 + 1)·10 = 760
    assert labels(LECTURE) == {2: "→ 32x32x10  760 parameters", 3: "→ 32x32x10"}


def test_a_hint_stands_at_the_end_of_the_line_behind_an_emoji():
    hint = hints(Snapshot("input: 8x8x1\nlayers:\n  - relu  # 😀\n"))[0]
    assert hint.position == (2, 14)


def test_a_repeated_row_has_its_first_and_last_size():
    text = "input: 32x32x3\nlayers:\n  - {maxpool: 2, repeat: 3}\n"
    assert labels(text) == {2: "→ 16x16x3 … 4x4x3  ×3"}


def test_a_row_of_several_lines_has_it_at_the_last():
    text = "input: 32x32x3\nlayers:\n  - conv: 10\n    kernel_size: 5\n    # here\n  - relu\n"
    assert labels(text) == {3: "→ 28x28x10  760 parameters", 5: "→ 28x28x10"}


def test_a_block_of_resnet():
    text = (SPECS / "resnet18.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    found = {lines[line].strip(): label for line, label in labels(text).items()}
    stage2 = next(label for line, label in found.items() if "name: stage2" in line)
    # Two 3×3 convolutions of 64 filters without bias and their batch norms: 2·(9·64·64 + 2·64).
    assert stage2 == "→ 56x56x64  73,984 parameters  ×2"
    assert next(label for line, label in found.items() if line == "- {fc: 1000}") == "→ 1000  513,000 parameters"


def test_lenses_count_the_uses_of_a_block():
    text = (SPECS / "resnet18.yaml").read_text(encoding="utf-8")
    found = {text.splitlines()[lens.line].split(":")[0].strip(): lens.text for lens in lenses(Snapshot(text))}
    # 11,689,512 in all, without the first convolution's 9,408, its batch norm's 128, and the 513,000 of the fc.
    assert found["basic"] == "8 uses · 11,166,976 parameters"
    assert found["conv_bn"].startswith("20 uses")


def test_an_unused_block():
    text = "input: 8x8x1\nblocks:\n  a: {layers: [relu]}\nlayers: [relu]\n"
    assert [lens.text for lens in lenses(Snapshot(text))] == ["never used"]


def test_hints_stay_while_a_row_is_broken():
    last = Snapshot(LECTURE)
    broken = LECTURE.replace("  - relu", "  - {maxp\n  - relu")
    assert labels(broken, last) == {2: "→ 32x32x10  760 parameters", 4: "→ 32x32x10"}


def test_missing_parameters_are_not_shown_as_0():
    text = "input: 8x8x3\nblocks: {b: {layers: [{conv: 2, kernel_size: 3}, {conv: 4, kernel_size: 9}]}}\nlayers:\n"
    rows = "  - {block: b}\n  - {conv: 4, kernel_size: 1}\n  - {fc: 3}\n"
    found = hints(Snapshot(text + rows))
    # 3·3·3·2 + 2 = 56; the second convolution does not fit, and nothing behind it is known.
    assert [one.label for one in found][-3:] == ["→ ?  ≥56 parameters", "→ ?", "→ ?"]
    assert [one.tooltip for one in found][-3:] == [
        # 56 weights and biases; 6·6 positions of 54 weights.
        "output ?; ≥56 parameters; ≥1,944 MACs", "output ?; ? parameters; ? MACs", "output ?; ? parameters; ? MACs"
    ]  # fmt: skip
    assert [one.text for one in lenses(Snapshot(text + rows))] == ["1 use · ≥56 parameters"]


def test_macs_that_a_row_does_not_state_are_unknown():
    text = "input: 8x8x3\nlayers:\n  - {custom: mystery, output: same, parameters: 7}\n"
    assert hints(Snapshot(text))[0].tooltip == "output 8x8x3; 7 parameters; ? MACs"
