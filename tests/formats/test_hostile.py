"""Files cut off, mutated or made to be large end in a network or in a problem, never in another exception."""

import json
import random
import re
from pathlib import Path

import pytest

import cnncalc
from tests.formats.darknet import networks

DATA = Path(__file__).parents[1] / "data"
KERAS = json.loads((DATA / "keras" / "small.json").read_text())

WORDS = ["-1", "0", "1", "1000000", "99999999999", "None", "True", "[]", "{}", '"x"', "1.5", "nc", "[1,2]", '""', "1e9", "-0.5"]
VALUES = [
    -1,
    0,
    1,
    10**12,
    None,
    True,
    [],
    {},
    "x",
    1.5,
    [[0, 0], [1, 1]],
    "",
    [None, None],
    "same",
    [None, 8, 8, 3],
    ["input", 0, 0],
]


def read(text: str, file: str) -> None:
    """Read a text; only SpecError may come out, and it has a problem."""
    try:
        assert cnncalc.loads(text, file=file).layers is not None
    except cnncalc.SpecError as error:
        assert error.problems


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.yaml", (DATA / "ultralytics" / "modules.yaml").read_text()),
        ("a.yaml", (DATA / "ultralytics" / "anchored.yaml").read_text()),
        ("a.cfg", networks.yolov3_tiny()),
    ],
    ids=["ultralytics", "anchored", "darknet"],
)
def test_mutated_text(file, text, seed):
    rng = random.Random(seed)
    for _ in range(8):
        parts = re.split(r"(\W+)", text)
        for _ in range(rng.randrange(1, 5)):
            parts[rng.randrange(len(parts))] = rng.choice([*WORDS, "", rng.choice(parts)])
        read("".join(parts), file)
    read(text[: rng.randrange(len(text))], file)


def places(value, path=()):
    """Every place of a nested value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


@pytest.mark.parametrize("name", KERAS)
def test_mutated_configurations(name):
    model = KERAS[name]["model"]
    text = model if isinstance(model, str) else json.dumps(model)
    rng = random.Random(name)
    known = list(places(json.loads(text)))
    for _ in range(25):
        changed = json.loads(text)
        for path in rng.sample(known, 2):
            inner = changed
            try:
                for key in path[:-1]:
                    inner = inner[key]
                inner[path[-1]] = rng.choice(VALUES)
            except (KeyError, IndexError, TypeError):
                # The first change took this place away.
                continue
        read(json.dumps(changed), "model.json")
