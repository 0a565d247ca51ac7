"""Every layer kind. A new family is a file beside this one, imported here; a new kind is a class in one of them."""

from cnncalc.layers import (
    activation,
    arithmetic,
    conv,
    conv_lstm,
    custom,
    dense,
    join,
    norm,
    parameter,
    pool,
    reorder,
    resize,
    sequence,
    spatial,
)  # fmt: skip
from cnncalc.layers.base import KINDS, Join, Layer, Mismatch, Weight

__all__ = [
    "KINDS",
    "Join",
    "Layer",
    "Mismatch",
    "Weight",
    "activation",
    "arithmetic",
    "conv",
    "conv_lstm",
    "custom",
    "dense",
    "join",
    "norm",
    "parameter",
    "pool",
    "reorder",
    "resize",
    "sequence",
    "spatial",
]
