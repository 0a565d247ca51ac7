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
    assert f"there is no manual of {name}; did you mean {near}?" in done.stderr


def test_in_ascii() -> None:
    done = run("explain", "stride-fit", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "(N - F + 2P)/S + 1" in done.stdout


def test_schema() -> None:
    done = run("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout) == schema()


def test_a_field_says_which_kinds_have_it() -> None:
    done = run("explain", "groups")
    assert done.returncode == 0
    assert done.stdout.startswith("groups  a field\n\n")
    assert "default 1. In conv, conv_transpose.\n" in done.stdout
    assert "required. In groupnorm (the\nkind's value).\n" in done.stdout


def test_the_list_keeps_within_the_width_of_a_terminal() -> None:
    _, text = on_terminal(60, "explain", "--list")
    assert max(map(len, without_styles(text).splitlines())) <= 60


def test_what_a_field_is_called_elsewhere_is_said_field_by_field() -> None:
    said = run("explain", "fc").stdout
    assert (
        "\nOther names\n"
        "  fc: dense, fullyconnected, innerproduct, gemm, mlp\n"
        "  the value of fc: out_features, num_output, num_hidden, features, out_channels, filters\n"
        "  bias: use_bias, bias_term\n"
    ) in said


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        (["repeat"], "repeat  a key of every row\n"),
        (["budget"], "budget  a key of the file\n"),
        (["MACs"], "macs\n"),
        (["receptive", "field"], "receptive_field\n"),
        (["receptive-field"], "receptive_field\n"),
        (["multiple_of"], "expressions\n"),
        (["in_channels"], "expressions\n"),
        (["F"], "kernel_size  a field\n"),
        (["same"], "padding_words\n"),
    ],
)
def test_any_word_of_the_language(words: list[str], heading: str) -> None:
    done = run("explain", *words)
    assert (done.returncode, done.stdout[: len(heading)]) == (0, heading)


def test_a_word_that_is_a_key_and_a_rule_has_both_manuals() -> None:
    said = run("explain", "expect").stdout
    assert said.startswith("expect  a key of every row and a key of the file\n")
    assert "\n\nexpect  error\n" in said


def test_every_key_has_a_manual() -> None:
    from cnncalc.language.document import TOP_KEYS
    from cnncalc.language.row import ROW_KEYS
    from cnncalc.report.explain import explain

    for name in (*TOP_KEYS, *ROW_KEYS):
        assert explain(name, 80)


def test_the_name_of_a_command() -> None:
    assert "there is no manual of sizes; it is a command: cnncalc sizes --help\n" in run("explain", "sizes").stderr


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("exact", "fit"), ("tokens", "input"), ("channels_last", "layout"), ("float16", "dtype"), ("if", "expressions"),
        ("true", "expressions"), ("expect.output", "expect"), ("budget.peak_memory", "budget"), ("padding: same", "padding_words"),
    ],
)  # fmt: skip
def test_a_word_is_explained_where_its_key_is(cnncalc, word, title):
    result = cnncalc("explain", word)
    assert (result.status, result.out.split()[0]) == (0, title)
