"""Which files `check` looks at: folders, patterns, exclusions, links, and settings that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnncalc.check.claims import claims
from cnncalc.check.patterns import expand
from cnncalc.check.settings import Pattern, Settings, SettingsError, forget, settings_for
from cnncalc.check.sources import Sources

NET = "input: 8x8x3\nlayers: [relu]\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "nets/b.yaml", "nets/deep/c.yml", "nets/.hidden/d.yaml", "build/e.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NET)
    return tmp_path


def files(*paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    given = Settings(exclude=tuple(Pattern(os.getcwd(), text, "--exclude") for text in exclude))
    return [one.file for one in Sources(list(paths), given).candidates]


def warnings(*paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return Sources(list(paths), Settings(exclude=tuple(Pattern(os.getcwd(), text, "--exclude") for text in exclude))).warnings


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.yaml", ["a.yaml"]),
        ("nets/*.y*ml", ["nets/b.yaml"]),
        ("**/*.yaml", ["a.yaml", "build/e.yaml", "nets/b.yaml"]),
        ("nets/**", ["nets/", "nets/b.yaml", "nets/deep", "nets/deep/c.yml"]),
        ("nets/**/c.yml", ["nets/deep/c.yml"]),
        ("nets/.h*/*.yaml", ["nets/.hidden/d.yaml"]),
        ("nowhere/*.yaml", []),
        ("[ab]*/?.yaml", ["build/e.yaml"]),
    ],
)
def test_patterns(here: Path, pattern: str, found: list[str]) -> None:
    assert [os.path.normpath(path) for path in expand(pattern)] == [os.path.normpath(path) for path in found]


def test_a_pattern_ends_though_links_lead_round_and_round(here: Path) -> None:
    # 2^n paths lead to the same files.
    (here / "one").symlink_to(".")
    (here / "two").symlink_to(".")
    found = {os.path.realpath(path) for path in expand("**/*.yaml")}
    assert found == {str(here / name) for name in ("a.yaml", "nets/b.yaml", "build/e.yaml")}


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        (("build",), ["a.yaml", "nets/b.yaml", "nets/deep/c.yml"]),
        (("*.yml",), ["a.yaml", "build/e.yaml", "nets/b.yaml"]),
        (("nets/deep",), ["a.yaml", "build/e.yaml", "nets/b.yaml"]),
        (("nets/*",), ["a.yaml", "build/e.yaml"]),
        (("./nets/", "a.yaml"), ["build/e.yaml"]),
        (("deep/c.yml",), ["a.yaml", "build/e.yaml", "nets/b.yaml", "nets/deep/c.yml"]),
    ],
)
def test_exclude(here: Path, exclude: tuple[str, ...], left: list[str]) -> None:
    assert files(".", exclude=exclude) == left
    # A file that is named is checked all the same.
    assert files("a.yaml", exclude=exclude) == ["a.yaml"]


def test_requests_without_effect_are_told(here: Path) -> None:
    assert warnings(".") == []
    assert warnings(".", exclude=("bild",)) == ["--exclude: bild matches no file that would be checked"]
    (here / "empty").mkdir()
    assert warnings("empty") == ["nothing to check: no *.yaml or *.yml in empty"]
    assert warnings("build", exclude=("*.yaml",)) == ["nothing to check: no *.yaml or *.yml in build, except excluded files"]
    (here / "pyproject.toml").write_text('[tool.cnncalc]\nexclude = ["bild"]\n')
    forget()
    assert [text.rpartition(": ")[2] for text in warnings(".")] == ["bild matches no file that would be checked"]
    # A hook that hands over some files says nothing of patterns for others.
    assert warnings("a.yaml") == []


@pytest.mark.parametrize(
    ("text", "is_network"),
    [
        ("input: 8x8x3\nlayers:\n- x: 1\n", True),
        ("'input': 8x8x3\n\"layers\": []\n", True),
        ("name: A\nlayers:\n  - {conv: 8, kernel_size: 3}\n  - relu\n", True),
        ("input: 8x8x3\nlayer:\n  - Conv2d: 8\n  - ReLU\n", True),
        ("{layers: [relu, {fc: 3}]}", True),
        ("{input: 8x8x3, layers: []}", True),
        # Other people's YAML: overlays of images, stages of a pipeline, a data flow.
        ("layers:\n  - name: base\n    image: nginx\n", False),
        ("layers: 3\n", False),
        ("layers: [base, app, web]\n", False),
        ("input:\n  kafka: {topics: [a]}\npipeline:\n  processors:\n    - mapping: root = this\n", False),
        ("inputs: 1\nlayers_: 2\n", False),
        ("services: {web: {input: 1, layers: [relu]}}\n", False),
        ("", False),
    ],
)
def test_what_is_taken_for_a_network(text: str, is_network: bool) -> None:
    assert claims(text.encode()) is is_network
    assert claims(text.replace("\n", "\r\n").encode("utf-8-sig")) is is_network


def test_settings_of_a_folder_900_levels_deep(tmp_path: Path) -> None:
    deep = tmp_path
    folder = str(tmp_path)
    for _ in range(900):
        folder += "/d"
    os.makedirs(folder)
    (deep / "pyproject.toml").write_text("[tool.cnncalc]\nstrict = true\n")
    assert settings_for(f"{folder}/a.yaml", Settings()).strict is True
    (Path(folder) / "a.yaml").write_text(NET)
    assert files(str(tmp_path)) == [f"{folder}/a.yaml"]
    assert expand(f"{tmp_path}/**/*.yaml") == [f"{folder}/a.yaml"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[tool.cnncalc]\nselect = " + b"[" * 3000 + b"]" * 3000, "nested too deeply"),
        (b"[tool.cnncalc]\nstrict = " + b"9" * 5000, "digits"),
        (b"[tool.cnncalc]\nstrict = 0x" + b"f" * 5000, "strict must be true or false, not a number"),
        ("[tool.cnncalc]\nstrict = true\n".encode("utf-16"), "not UTF-8 text"),
        (b"[tool.cnncalc]\nignore = ['\xe9']\n", "can't decode byte 0xe9"),
        (b"[tool.cnncalc]\nignore = {a = 1}\n", "must be a list of words, not a table"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(data)
    with pytest.raises(SettingsError, match=message):
        settings_for(str(tmp_path / "a.yaml"), Settings())


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(SettingsError, match=r"pyproject.toml: the settings cannot be read: Is a directory"):
        settings_for(str(tmp_path / "a.yaml"), Settings())
    other = tmp_path / "other"
    other.mkdir()
    (other / "pyproject.toml").symlink_to("pyproject.toml")
    with pytest.raises(SettingsError, match="the settings cannot be read"):
        settings_for(str(other / "a.yaml"), Settings())
