"""`cnncalc explain` and `cnncalc schema`."""

from __future__ import annotations

import json

import pytest

from cnncalc.language.schema import schema
from tests.cli.command import on_terminal, run, without_styles


def test_into_a_pipe() -> None:
    done = run("explain", "stride-fit", "conv")
    assert done.returncode == 0
    assert done.stdout.startswith("stride-fit  error\n\nWhat it does\nThe stride does not fit: (N − F + 2P)/S + 1 is not")
    assert "\n\nconv  a layer kind\n" in done.stdout
    assert "\x1b" not in done.stdout


def test_on_a_terminal_it_keeps_within_the_width() -> None:
    status, text = on_terminal(50, "explain", "dropout")
    assert status == 0
    assert max(map(len, without_styles(text).splitlines())) <= 50
    assert "\x1b[1mdropout" in text


def test_list() -> None:
    assert run("explain", "--list").stdout == run("explain").stdout
    assert "  linear-pair " in run("explain", "--list").stdout


@pytest.mark.parametrize(("name", "near"), [("dense", "fc"), ("strid-fit", "stride-fit"), ("Conv2d", "conv")])
def test_an_unknown_name(name: str, near: str) -> None:
    done = run("explain", name)
    assert done.returncode == 2
    assert f"there is no rule or layer kind {name}; did you mean {near}?" in done.stderr


def test_in_ascii() -> None:
    done = run("explain", "stride-fit", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "(N - F + 2P)/S + 1" in done.stdout


def test_schema() -> None:
    done = run("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout) == schema()


def test_a_field_says_which_kinds_have_it() -> None:
    done = run("explain", "groups")
    assert done.returncode == 2
    said = "there is no rule or layer kind groups; it is a field of conv, conv_transpose, groupnorm, channel_shuffle: "
    assert f"{said}cnncalc explain conv\n" in done.stderr


def test_the_list_keeps_within_the_width_of_a_terminal() -> None:
    _, text = on_terminal(60, "explain", "--list")
    assert max(map(len, without_styles(text).splitlines())) <= 60


def test_what_a_field_is_called_elsewhere_is_said_field_by_field() -> None:
    said = run("explain", "fc").stdout
    assert (
        "\nElsewhere called\n"
        "  fc: dense, fullyconnected, innerproduct, gemm, mlp\n"
        "  the value of fc: out_features, num_output, features, out_channels, filters\n"
        "  bias: use_bias, bias_term\n"
    ) in said
