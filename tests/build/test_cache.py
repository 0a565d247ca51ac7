"""What is kept between readings of one text."""

from __future__ import annotations

import pickle

from cnncalc import network
from cnncalc.build.cache import Cache
from cnncalc.build.reading import Source


def read(text: str, cache: Cache) -> network.Network:
    source = Source(None, text=text)
    source.cache = cache
    return network.of(source)


def shapes(net: network.Network) -> list[str]:
    return [f"{node.name} {node.shape}" for node in net.layers]


def test_equal_rows_are_one_layer_in_the_next_reading():
    cache = Cache()
    text = "input: 7x7x3\nlayers:\n  - {conv: 8, kernel_size: 3}\n"
    first, second = read(text, cache), read(text + "  - relu\n", cache)
    assert first.layers[0].inferred is second.layers[0].inferred
    # (7 − 3)/1 + 1 = 5
    assert shapes(second) == ["conv1 5x5x8", "relu1 5x5x8"]


def test_another_layout_is_another_layer():
    cache = Cache()
    text = "layout: {}\ninput: 6x6x6\nlayers:\n  - {{reshape: 4x6x9}}\n"
    assert shapes(read(text.format("channels_last"), cache)) == ["reshape1 4x6x9"]
    # 4 channels of 6 by 9, printed channels last
    assert shapes(read(text.format("channels_first"), cache)) == ["reshape1 6x9x4"]


def test_a_faulty_row_is_reported_in_every_reading():
    cache = Cache()
    text = "input: 7x7x3\nlayers:\n  - {conv: 0, kernel_size: 3}\n"
    assert [p.rule for p in read(text, cache).problems] == [p.rule for p in read(text, cache).problems] == ["value"]


def test_tokens_are_no_map_of_the_same_numbers():
    text = (
        "input:\n  a: {tokens: 5, vocabulary: 7}\n  b: 5x7\nlayers:\n  - {embedding: 4, from: a}\n  - {embedding: 4, from: b}\n"
    )
    problems = read(text + "outputs: [embedding1, embedding2]\n", Cache()).problems
    assert [(p.location.line, p.level) for p in problems] == [(6, "error")]


def test_too_much_is_forgotten(monkeypatch):
    monkeypatch.setattr("cnncalc.build.cache._MANY", 1)
    cache = Cache()
    text = "input: 7x7x3\nlayers:\n  - relu\n  - tanh\n"
    first = read(text, cache)
    assert read(text, cache).layers[0].inferred is not first.layers[0].inferred


def test_another_process_begins_with_nothing():
    cache = Cache()
    read("input: 7x7x3\nlayers: [relu]\n", cache)
    copy = pickle.loads(pickle.dumps(cache))
    assert (len(cache.infer), len(copy.infer), copy.layers) == (1, 0, {})
