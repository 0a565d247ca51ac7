"""Patterns of paths, as a shell with `**` expands them."""

from __future__ import annotations

import os

import pytest

from cnncalc.check.patterns import expand, is_pattern


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in ("a.yaml", "b.txt", "nets/c.yaml", "nets/deep/d.yaml", "nets/.hidden/e.yaml", ".f.yaml", "[x].yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(pattern: str) -> list[str]:
    return [path.replace(os.sep, "/") for path in expand(pattern)]


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("*.yaml", ["[x].yaml", "a.yaml"]),
        (".*.yaml", [".f.yaml"]),
        ("?.yaml", ["a.yaml"]),
        ("[ab].*", ["a.yaml", "b.txt"]),
        ("nets/*", ["nets/c.yaml", "nets/deep"]),
        ("*/*.yaml", ["nets/c.yaml"]),
        ("**/*.yaml", ["[x].yaml", "a.yaml", "nets/c.yaml", "nets/deep/d.yaml"]),
        ("nets/**", ["nets", "nets/c.yaml", "nets/deep", "nets/deep/d.yaml"]),
        ("nets/**/d.yaml", ["nets/deep/d.yaml"]),
        ("nets/.hidden/*", ["nets/.hidden/e.yaml"]),
        ("none/*.yaml", []),
        # A file is no folder.
        ("a.yaml/*", []),
    ],
)
def test_matches(tree, pattern, paths):
    assert found(pattern) == paths


def test_an_absolute_pattern_gives_absolute_paths(tree):
    assert expand(f"{tree}/nets/*.yaml") == [str(tree / "nets" / "c.yaml")]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_a_folder_that_links_to_itself_is_searched_once(tree):
    (tree / "nets" / "again").symlink_to(tree / "nets", target_is_directory=True)
    assert found("nets/**/c.yaml") == ["nets/c.yaml"]


def test_which_texts_are_patterns():
    assert all(map(is_pattern, ["a*", "a?", "[a]"]))
    assert not is_pattern("nets/a.yaml")
