"""Commands run in this process: fast, and with what they print captured; tests/cli/command.py runs them as processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from cnncalc import cli


class Result(NamedTuple):
    status: Any
    out: str
    err: str


@pytest.fixture
def cnncalc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`cnncalc("show", "alexnet")` gives status, out and err."""

    def run(*words: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["cnncalc", *words])
        capsys.readouterr()
        status = None
        try:
            cli.main()
        except SystemExit as end:
            status = end.code
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run
