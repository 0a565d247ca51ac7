"""Mean, deviation, range and zeros of one array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.workers import Workers

#: Numbers per chunk, which stays in a core's cache while all figures are computed.
PIECE = 1 << 16


@dataclass(slots=True)
class Spread:
    """Figures of one array; `zeros` is the share of numbers that are 0."""

    mean: float
    deviation: float
    least: float
    most: float
    zeros: float

    @property
    def finite(self) -> bool:
        """Return whether the array has neither NaN nor infinity; either always shows in the maximum or the minimum."""
        return math.isfinite(self.least) and math.isfinite(self.most)

    @classmethod
    def of(cls, x: Array, workers: Workers) -> Spread:
        """Return the figures of `x`. Sums are computed by chunks around the first chunk's mean, to keep precision in float32."""
        import numpy as np

        numbers = x.ravel(order="K")
        about = float(numbers[:PIECE].mean(dtype=np.float64))
        centre = numbers.dtype.type(about if math.isfinite(about) else 0)
        count = -(-numbers.size // PIECE)
        found = np.empty((count, 5))

        def task(i: int) -> None:
            part = numbers[i * PIECE : (i + 1) * PIECE]
            centred = part - centre
            found[i] = (centred.sum(), np.dot(centred, centred), part.min(), part.max(), part.size - np.count_nonzero(part))

        workers.parallel_for(task, count)
        # NaN shows in the minimum and the maximum; a warning about infinity minus infinity would not help the reader.
        with np.errstate(all="ignore"):
            shift = float(found[:, 0].sum()) / numbers.size
            variance = float(found[:, 1].sum()) / numbers.size - shift**2
        return cls(
            shift + float(centre),
            math.sqrt(variance) if variance > 0 else (0.0 if variance <= 0 else math.nan),
            float(found[:, 2].min()),
            float(found[:, 3].max()),
            float(found[:, 4].sum()) / numbers.size,
        )
