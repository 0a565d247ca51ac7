"""The parts of matrices that OpenBLAS copies to its own buffer."""

import pytest

from cnncalc.kernels.blas import packed_bytes


@pytest.mark.parametrize(
    ("rows", "inner", "columns", "itemsize", "divided", "kib"),
    [
        # Growth of the anonymous memory at the first product, measured with OpenBLAS 0.3.31 for Haswell, the result left out.
        (1024, 1024, 1024, 4, False, 1672),
        (197, 768, 3072, 4, False, 640),
        (512, 512, 512, 4, False, 760),
        (1024, 1024, 1024, 8, False, 3080),
        # The columns are one block: the rows are copied in pieces.
        (40000, 256, 128, 4, False, 132),
        (4000, 256, 64, 4, False, 68),
        # A vector is not copied.
        (1, 1024, 1024, 4, False, 0),
        # Two threads share the rows.
        (20000, 256, 128, 4, True, 20128),
    ],
)
def test_bytes_of_both_factors(rows: int, inner: int, columns: int, itemsize: int, divided: bool, kib: int) -> None:
    assert sum(packed_bytes(rows, inner, columns, itemsize, divided)) / 1024 == pytest.approx(kib, rel=0.03, abs=8)
