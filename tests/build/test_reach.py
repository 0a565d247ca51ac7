"""The field that gives an expected shape, and the convolution that makes two results alike."""

import pytest

import cnncalc


def messages(*rows: str, size: str = "7x7x8") -> list[str]:
    return [p.message for p in cnncalc.loads(f"input: {size}\nlayers:\n" + "".join(f"  - {row}\n" for row in rows)).problems]


@pytest.mark.parametrize(
    ("row", "write"),
    [
        # (7 − 1)·2 − 2·1 + 3 = 13, and one more cell makes 14.
        ("{conv_transpose: 4, kernel_size: 3, stride: 2, padding: 1, expect: 14x14x4}", "write output_padding: 1"),
        # (7 − 3 + 2·1)/1 + 1 = 7.
        ("{conv: 4, kernel_size: 3, expect: 7x7x4}", "write padding: same"),
        # (7 − 3 + 2·2)/1 + 1 = 9.
        ("{conv: 4, kernel_size: 3, expect: 9x9x4}", "write padding: 2"),
        # (7 − 3)/2 + 1 = 3.
        ("{conv: 4, kernel_size: 3, expect: 3x3x4}", "write stride: 2"),
        ("{conv: 4, kernel_size: 3, expect: 5x5x6}", "write conv: 6"),
        # No padding makes a map smaller, and no stride gives 4 of 5 places.
        ("{conv: 4, kernel_size: 3, expect: 4x4x4}", "is expected"),
        ("{conv: 4, kernel_size: 3, expect: 4x4x6}", "is expected"),
    ],
)
def test_an_expected_shape_names_the_field_that_gives_it(row: str, write: str) -> None:
    (message,) = messages(row)
    assert message.endswith(write)


def test_a_shortcut_of_another_shape_is_offered_a_projection() -> None:
    main = "[{conv: 16, kernel_size: 4, stride: 2, padding: 1}]"
    (message,) = messages(f"{{branches: {{main: {main}, short: []}}, merge: add}}", size="8x8x8")
    write = "{conv: 16, kernel_size: 1, stride: 2, fit: floor}"
    assert f"; {write} at the end of branch `short` gives 16 channels at 1/2 of the size" in message
    assert messages(f"{{branches: {{main: {main}, short: [{write}]}}, merge: add}}", size="8x8x8") == []
    # 7 is no multiple of 5, and a concatenation may have other channels.
    assert "gives" not in messages("{conv: 8, kernel_size: 3}", "{add: input}")[0].partition(";")[2]


def test_a_reshape_to_another_number_of_numbers() -> None:
    assert messages("{reshape: 100}")[0].endswith("write flatten for a vector of 392")
    # 392 = 14·7·4.
    assert messages("{reshape: 7x7x4}")[0].endswith("; write _x7x4 for the size that is left")
    assert messages("{reshape: 5x11x13}")[0].endswith("would hold 715")
