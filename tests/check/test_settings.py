"""Settings of `check`: the command line wins over the nearest pyproject.toml, and patterns of both apply."""

from __future__ import annotations

import pytest

from cnncalc.check.settings import Pattern, Settings, SettingsError, check_names, forget, settings_for
from cnncalc.rules import RULES


def test_given_settings_win_and_patterns_add_up():
    file, line = Pattern("/a", "old/*", "exclude"), Pattern("/b", "new/*", "--exclude")
    merged = Settings(strict=False, exclude=(line,)).over(Settings(strict=True, notes=True, exclude=(file,)))
    assert (merged.strict, merged.notes, merged.exclude) == (False, True, (line, file))
    assert Settings().over(Settings(ignore=("stride-fit",))).ignore == ("stride-fit",)


def test_notes_run_if_they_are_wanted_or_named():
    notes = {name for name, rule in RULES.items() if rule.level == "note"}
    assert notes
    assert Settings().chosen == frozenset(RULES) - notes
    assert Settings(notes=True).chosen == frozenset(RULES)
    name = min(notes)
    assert Settings(select=(name,)).chosen == {name}
    assert Settings(select=(name,), ignore=(name,)).chosen == frozenset()


def test_names_of_rules():
    assert check_names(("stride-fit", "linear-pair"), "--ignore") == ("stride-fit", "linear-pair")
    with pytest.raises(SettingsError, match="--ignore: unknown-kind is an error, which always counts"):
        check_names(("unknown-kind",), "--ignore")
    with pytest.raises(SettingsError, match=r"--select: there is no rule linear-pear; did you mean linear-pair\?"):
        check_names(("linear-pear",), "--select")


@pytest.fixture
def project(tmp_path):
    forget()
    (tmp_path / "inner" / "deep").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.cnncalc]\nstrict = true\n")
    yield tmp_path
    forget()


def test_the_nearest_file_with_settings_counts(project):
    # A pyproject.toml without a table of its own is passed over.
    (project / "inner" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert settings_for(str(project / "inner" / "deep" / "net.yaml"), Settings()).strict is True
    forget()
    (project / "inner" / "pyproject.toml").write_text("[tool.cnncalc]\nnotes = true\n")
    found = settings_for(str(project / "inner" / "deep" / "net.yaml"), Settings())
    assert (found.strict, found.notes) == (None, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool]\ncnncalc = 3\n", "tool.cnncalc must be a table"),
        ("[tool.cnncalc\n", "pyproject.toml: "),
        ("[tool.cnncalc]\nignore = ['linear-pear']\n", "there is no rule linear-pear"),
        ("[tool.cnncalc]\nx = 'cnncalc\0'\n", "the file is not UTF-8 text"),
    ],
)
def test_settings_that_cannot_be_used(project, text, message):
    (project / "pyproject.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings_for(str(project / "net.yaml"), Settings())
    assert message in str(caught.value)
