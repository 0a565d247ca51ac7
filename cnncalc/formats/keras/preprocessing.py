"""Preprocessing of numbers, categories and text: custom layers whose shape is known, and pipelines of layers."""

from __future__ import annotations

from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.use import Tensor, Use, in_sequence, keras, opaque, same
from cnncalc.shape import Shape

_ENCODINGS = ("one_hot", "multi_hot", "count", "tf_idf")


def _encoded(use: Use, tokens: int, mode: str) -> Tensor:
    """One number for each category: in a further axis, or instead of the last one."""
    x = use.net.ordered(use.x, False, use.name)
    sizes = x.sizes
    kept = sizes if mode == "one_hot" and sizes[-1] != 1 else sizes[:-1]
    shape = Shape(*kept, tokens)
    if len(shape) > 4:
        raise Broken(f"its result has {len(shape)} axes without the batch, and cnncalc reads up to 4")
    return Tensor(use.net.custom(use.name, use.class_name, x.node, output=shape, macs=0), False)


@keras("CategoryEncoding")
def _categories(use: Use) -> Tensor:
    return _encoded(use, use.whole("num_tokens"), use.word("output_mode", "multi_hot"))


@keras("Discretization", "Hashing", "IntegerLookup", "StringLookup")
def _indices(use: Use) -> Any:
    mode = use.word("output_mode", "int")
    if mode not in _ENCODINGS:
        return same(use, use.x)
    tokens = _tokens(use)
    return opaque(use) if tokens is None else _encoded(use, tokens, mode)


def _tokens(use: Use) -> int | None:
    """The number of categories; None if the file does not state it."""
    config = use.config
    if use.class_name == "Hashing":
        return use.whole("num_bins")
    if use.class_name == "Discretization":
        bounds = config.get("bin_boundaries")
        return len(bounds) + 1 if isinstance(bounds, list) else use.whole("num_bins")
    vocabulary, most = config.get("vocabulary"), config.get("max_tokens")
    if isinstance(most, int) and config.get("pad_to_max_tokens"):
        return most
    if isinstance(vocabulary, list):
        return len(vocabulary) + use.whole("num_oov_indices", 1, least=0)
    size = config.get("vocabulary_size")
    return size if isinstance(size, int) and size > 0 else None


@keras("TextVectorization")
def _text(use: Use) -> Any:
    mode = use.word("output_mode", "int")
    key = "output_sequence_length" if mode == "int" else "max_tokens"
    if not isinstance(use.config.get(key), int):
        return opaque(use)
    return Tensor(use.net.custom(use.name, use.class_name, use.x.node, output=Shape(use.whole(key)), macs=0), False)


@keras("MelSpectrogram")
def _mel(use: Use) -> Tensor:
    """Mel bands over the frames of a signal; one more axis in front keeps its size."""
    length = use.x.sizes[-1]
    frames = 1 + length // use.whole("sequence_stride", 512)
    shape = Shape(*use.x.sizes[:-1], use.whole("num_mel_bins", 128), frames)
    return Tensor(use.net.custom(use.name, use.class_name, use.x.node, output=shape, macs=None), False)


@keras("Pipeline")
def _pipeline(use: Use) -> Tensor:
    """Layers in sequence, as a group."""
    layers = use.config.get("layers")
    if not isinstance(layers, list) or not all(isinstance(one, dict) for one in layers):
        raise Broken("it has no list of layers")
    named = []
    for i, layer in enumerate(layers):
        config = layer.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        named.append((str(name or f"layer{i + 1}"), layer))
    return in_sequence(use, named)
