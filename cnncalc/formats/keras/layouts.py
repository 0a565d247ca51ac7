"""Every layer class that is known. A file of layouts is imported here, where its layouts register themselves."""

from cnncalc.formats.keras import activations, attention, convs, dense, joins, moves, norms, preprocessing, recurrent
from cnncalc.formats.keras.use import LAYOUTS

__all__ = ["LAYOUTS", "activations", "attention", "convs", "dense", "joins", "moves", "norms", "preprocessing", "recurrent"]
