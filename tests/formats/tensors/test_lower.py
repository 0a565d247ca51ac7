"""Lowering of operators: a fault of cnncalc is told, and never hidden by a custom layer."""

from __future__ import annotations

import pytest

from cnncalc.formats.tensors import lowering  # noqa: F401 - registers the functions
from cnncalc.formats.tensors.emit import Cannot
from cnncalc.formats.tensors.lower import HANDLERS, Lowering
from cnncalc.formats.tensors.program import Operation, Program, Value


def program() -> Program:
    found = Program()
    x = Value((1, 3, 4, 5), name="x")
    found.inputs.append(x)
    y = Value((1, 3, 4, 5))
    found.operations.append(Operation("unary", [x], [y], {"function": "relu"}, "stem.act"))
    found.outputs.append(("y", y))
    return found


def lowered(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Lowering:
    monkeypatch.delenv("CNNCALC_DEBUG", raising=False)

    def fails(low: Lowering, operation: Operation) -> None:
        raise error

    monkeypatch.setitem(HANDLERS, "unary", fails)
    low = Lowering(program(), {}, {})
    low.run()
    return low


def test_a_fault_is_in_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    low = lowered(monkeypatch, IndexError("tuple index out of range"))
    assert [made.kind for made in low.emit.layers] == ["custom"]
    assert low.notes() == ("a fault in cnncalc made custom layers of stem.act (IndexError); please report it with the file",)


def test_an_operator_without_a_word_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    low = lowered(monkeypatch, Cannot("relu"))
    assert [made.kind for made in low.emit.layers] == ["custom"]
    assert low.notes() == ()
