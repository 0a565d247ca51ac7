"""Every module that a row may name. A file of modules is imported here, where its modules register themselves."""

from cnncalc.formats.ultralytics import anchored, attention, backbones, blocks, conv, general, heads, rtdetr, text_heads
from cnncalc.formats.ultralytics.catalog import MODULES

__all__ = ["MODULES", "anchored", "attention", "backbones", "blocks", "conv", "general", "heads", "rtdetr", "text_heads"]
