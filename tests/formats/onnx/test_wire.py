"""The protobuf wire format, on bytes written by hand."""

import pytest

from cnncalc.formats.onnx.wire import WireError, fields, packed, signed, text, varints


def test_fields_of_every_wire_type() -> None:
    # 1: varint 300; 2: the bytes "ab"; 3: fixed32; 4: fixed64. The example of 300 is the documentation's.
    data = bytes([0x08, 0xAC, 0x02, 0x12, 2]) + b"ab" + bytes([0x1D]) + b"\0\0\x80?" + bytes([0x21]) + b"\0" * 8
    assert list(fields(data, 0, len(data))) == [(1, 0, 300, 0), (2, 2, 5, 7), (3, 5, 8, 12), (4, 1, 13, 21)]
    assert packed(data, 8, 12, "f") == [1.0]


def test_numbers() -> None:
    assert signed((1 << 64) - 1) == -1
    assert varints(bytes([1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]), 0, 11) == [1, -1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bytes([0x08]), "beyond the end"),
        (bytes([0x08, 0x80]), "beyond the end"),
        (bytes([0x08] + [0x80] * 11 + [0]), "more than ten bytes"),
        (bytes([0x12, 3, 0]), "has 3 bytes, and 1 are left"),
        (bytes([0x12, 0xFF, 0xFF, 0xFF, 0xFF, 7]), "2,147,483,647 bytes, and 0 are left"),
        (bytes([0x1D, 0]), "has 4 bytes, and 1 are left"),
        (bytes([0x00, 0]), "number 0"),
        (bytes([0x0B, 0]), "wire type 3"),
    ],
)
def test_broken(data: bytes, message: str) -> None:
    with pytest.raises(WireError, match=message):
        list(fields(data, 0, len(data)))


def test_text() -> None:
    assert text("ä".encode(), 0, 2) == "ä"
    with pytest.raises(WireError, match="not UTF-8"):
        text(b"\xff", 0, 1)
    with pytest.raises(WireError, match="at most 65,536"):
        text(b"a" * 70000, 0, 70000)
