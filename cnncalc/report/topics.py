"""Manuals of keys of rows and files, fields, expressions, and the figures in tables."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from cnncalc.dtype import DTYPES
from cnncalc.language.expression import FUNCTIONS
from cnncalc.layers import KINDS
from cnncalc.layers.option import Option
from cnncalc.shape import LAYOUTS

#: Other names of a topic or a field.
_ALIASES = {
    **dict.fromkeys((*FUNCTIONS, "i", "in_channels", "expression", "if", "else", "true", "false"), "expressions"),
    **dict.fromkeys((*DTYPES, "precision", "type"), "dtype"),
    **dict.fromkeys((*LAYOUTS, "nchw", "nhwc"), "layout"),
    **dict.fromkeys(("tokens", "vocabulary", "shape", "shapes", "inputs"), "input"),
    "exact": "fit",
    "rounding": "fit",
    **dict.fromkeys(("mac", "multiply_accumulates", "flop", "flops", "cost"), "macs"),
    **dict.fromkeys(("params", "parameter_count", "param"), "parameters"),
    **dict.fromkeys(("same", "valid", "causal", "padding_same"), "padding_words"),
    **dict.fromkeys(
        ("peak_memory", "activation_memory", "live", "peak", "kept", "training", "optimizer", "gradients", "batch", "fits"),
        "memory",
    ),
    **dict.fromkeys(("rf", "receptive"), "receptive_field"),
    **dict.fromkeys(("block_parameters",), "blocks"),
    **dict.fromkeys(("f",), "kernel_size"),
    **dict.fromkeys(("s",), "stride"),
    **dict.fromkeys(("p",), "padding"),
    **dict.fromkeys(("d",), "dilation"),
    **dict.fromkeys(("k",), "filters"),
    **dict.fromkeys(("n",), "input"),
    **dict.fromkeys(("var", "variables"), "vars"),
    **dict.fromkeys(("freeze", "frozen"), "trainable"),
    **dict.fromkeys(("&", "*", "<<", "x_", "anchor", "alias"), "anchors"),
    "_": "shape",
}


@cache
def topics() -> dict[str, str]:
    """The manuals of all topics by name. The first paragraph of a manual is its summary."""
    folder = files("cnncalc").joinpath("manuals").joinpath("topics")
    found = {file.name.removesuffix(".md"): file for file in folder.iterdir() if file.name.endswith(".md")}
    return {name: found[name].read_text("utf-8").strip() for name in sorted(found)}


@cache
def fields() -> dict[str, list[tuple[Option[object], tuple[str, ...]]]]:
    """The fields of all kinds by name: each different meaning with the kinds that use it."""
    found: dict[str, dict[tuple[str, str, str], tuple[Option[object], list[str]]]] = {}
    for kind in KINDS.values():
        for name, declared in kind.options.items():
            key = (declared.doc, declared.type.describe(), default(declared))
            found.setdefault(name, {}).setdefault(key, (declared, []))[1].append(kind.kind)
    return {name: [(one, tuple(kinds)) for one, kinds in meanings.values()] for name, meanings in found.items()}


def default(declared: Option[Any]) -> str:
    """A field's default in words."""
    if declared.required:
        return "required"
    return "optional" if declared.default is None else f"default {declared.type.show(declared.default)}"


def meant(word: str) -> str | None:
    """The topic or field that a word names; None if there is none."""
    plain = re.sub(r"[\s:-]+", "_", word.strip().strip("${}").lower())
    if not plain and word:
        return "expressions"
    if plain.startswith("x_"):
        return "anchors"
    if plain.endswith(".*"):
        return "repeat"
    # `expect.output` is explained where `expect` is.
    for name in (word, plain, _ALIASES.get(plain, ""), plain.partition(".")[0]):
        if name in topics() or name in fields():
            return name
    return None
