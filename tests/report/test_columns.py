"""Columns are declared once, and chosen by name."""

import pytest

from cnncalc.report.network.columns import COLUMNS, MORE, NAMES, choose


def test_names_and_titles_are_unique():
    assert len(set(NAMES)) == len(COLUMNS)
    assert len({column.title for column in COLUMNS}) == len(COLUMNS)


def test_what_is_asked_for_comes_in_the_order_declared():
    assert [c.name for c in choose()] == ["name", "kind", "fields", "output", "parameters"]
    assert [c.name for c in choose(("share", "input"))] == ["name", "kind", "fields", "input", "output", "parameters", "share"]
    assert tuple(c.name for c in choose(("all",))) == NAMES
    assert [c.name for c in choose(("parameters",))] == [c.name for c in choose()]


def test_an_unknown_name_is_said():
    with pytest.raises(KeyError, match="mac"):
        choose(("macs", "mac"))


def test_the_help_names_every_column_that_can_be_added():
    import typer

    from cnncalc.cli.app import app

    command = typer.main.get_command(app).get_command(None, "show")  # type: ignore[attr-defined]  # our own group
    option = next(p for p in command.params if p.name == "columns")
    assert all(name in option.help for name in (*MORE, "all"))
