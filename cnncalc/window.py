"""One axis of (N − F + 2P)/S + 1: extent, output size, and the cells that no window reads.

The only home of the formula. Integers in, integers out. Letters as in the lecture: N input size, F kernel size, S stride,
P padding, D dilation; sizes in cells.
"""

from __future__ import annotations

from typing import NamedTuple

FITS = ("exact", "floor", "ceil")


class Window(NamedTuple):
    """A window that slides along one axis: its size, its step, and the zeros before and after the input."""

    kernel_size: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    @property
    def extent(self) -> int:
        """Cells from the window's first to its last: E = D·(F − 1) + 1.

        >>> Window(3, dilation=2).extent
        5
        """
        return self.dilation * (self.kernel_size - 1) + 1

    def span(self, size: int) -> int:
        """Cells the window can move over `size` input cells: N + P_before + P_after − E; negative if it is larger than that."""
        return size + self.before + self.after - self.extent

    def remainder(self, size: int) -> int:
        """Cells, padding included, after the last whole window: 0 if the stride fits. Meaningless for a negative span."""
        return self.span(size) % self.stride

    def unread(self, size: int, fit: str = "floor") -> int:
        """Input cells, padding not included, after the last window that `fit` gives; 0 if no window fits at all.

        >>> Window(3, stride=3).unread(7), Window(3, stride=3).unread(7, "ceil"), Window(7, 2, 3, 3).unread(224)
        (1, 0, 0)
        """
        try:
            positions = self.output_size(size, fit)
        except ValueError:
            return 0
        end = (positions - 1) * self.stride + self.extent
        return min(size, max(0, size + self.before - end))

    def output_size(self, size: int, fit: str = "exact") -> int:
        """Positions of the window over `size` cells: span/S + 1 if the stride fits, whatever `fit` is; floored otherwise.

        With `ceil` a last window may extend past the end, but may not start in the padding there, as in PyTorch and ONNX.
        Raises ValueError if the window is larger than the padded input.
        Source: Dumoulin & Visin 2016, relationship 6 and 15.

        >>> [Window(3, stride=s).output_size(7) for s in (1, 2)], Window(2, 2, 1, 1).output_size(5, "ceil")
        ([5, 3], 3)
        """
        kernel_size, stride, before, after, dilation = self
        span = size + before + after - dilation * (kernel_size - 1) - 1
        # Python floors negative quotients too, so that a span above −S gives the one window that `ceil` lets extend past the end.
        positions = span // stride + 1
        if fit == "ceil" and span % stride and not self.ceil_drops(size):
            positions += 1
        elif span < 0:
            positions = 0
        if positions < 1:
            raise ValueError(
                f"a window over {self.extent} cells is larger than the padded input of {size + self.before + self.after}"
            )
        return positions

    def ceil_drops(self, size: int) -> bool:
        """Whether `ceil` adds no window though the stride does not fit: the window would start in the padding after the input.

        Source: torch.nn.MaxPool2d, "ceil_mode"; ONNX MaxPool.

        >>> Window(4, 4, 2, 2).ceil_drops(9), Window(3, 2).ceil_drops(112)
        (True, False)
        """
        start = (self.span(size) // self.stride + 1) * self.stride
        return self.remainder(size) != 0 and start > 0 and start >= size + self.before

    def transposed_size(self, size: int, output_padding: int = 0) -> int:
        """Cells that the transposed window writes: (N − 1)·S − P_before − P_after + E + output_padding; may be less than 1.

        Source: Dumoulin & Visin 2016, relationship 14.

        >>> Window(3, stride=2, before=1, after=1).transposed_size(3, 1)
        6
        """
        return (size - 1) * self.stride - self.before - self.after + self.extent + output_padding

    def formula(self, size: int) -> str:
        """The formula with its numbers in it and the quotient to two decimals.

        >>> Window(11, 4).formula(224)
        '(224 − 11 + 2·0)/4 + 1 = 54.25'
        """
        window = str(self.kernel_size)
        if self.dilation > 1:
            window = f"({self.dilation}·({self.kernel_size} − 1) + 1)"
        padding = f"2·{self.before}" if self.before == self.after else f"{self.before} + {self.after}"
        quotient = _decimal(self.span(size) / self.stride + 1, whole=self.remainder(size) == 0)
        return f"({size} − {window} + {padding})/{self.stride} + 1 = {quotient}"

    def transposed_formula(self, size: int, output_padding: int = 0) -> str:
        """The transposed formula with its numbers in it.

        >>> Window(3, stride=2, before=1, after=1).transposed_formula(3, 1)
        '(3 − 1)·2 − 2·1 + 3 + 1 = 6'
        """
        padding = f"2·{self.before}" if self.before == self.after else f"{self.before} − {self.after}"
        window = str(self.kernel_size)
        if self.dilation > 1:
            window = f"({self.dilation}·({self.kernel_size} − 1) + 1)"
        added = f" + {output_padding}" if output_padding else ""
        result = str(self.transposed_size(size, output_padding)).replace("-", "−")
        return f"({size} − 1)·{self.stride} − {padding} + {window}{added} = {result}"

    def same_formula(self, size: int) -> str:
        """The output size of `padding: same`, and the padding that gives it.

        >>> Window(3, 2, *same_padding(224, 3, 2, 1)).same_formula(224)
        '⌈224/2⌉ = 112, padding 0 before and 1 after'
        """
        positions = self.output_size(size, "floor")
        sides = f"{self.before} before and {self.after} after" if self.before != self.after else f"{self.before} on both sides"
        return f"⌈{size}/{self.stride}⌉ = {positions}, padding {sides}"


def _decimal(value: float, whole: bool) -> str:
    """Two decimals, or as many as it takes not to look whole."""
    digits = next((n for n in range(2, 9) if whole or round(value, n) != round(value)), 9)
    return f"{value:.{digits}f}".rstrip("0").rstrip(".").replace("-", "−")


def transposed_same_padding(kernel_size: int, stride: int, dilation: int) -> tuple[int, int]:
    """Cells cut off a transposed convolution's output so that N·S are left: Keras's and TensorFlow's SAME, the odd cell after.

    A window shorter than the stride leaves less than N·S, and nothing is cut off.

    >>> transposed_same_padding(3, 2, 1), transposed_same_padding(4, 2, 1), transposed_same_padding(2, 3, 1)
    ((0, 1), (1, 1), (0, 0))
    """
    total = max(0, dilation * (kernel_size - 1) + 1 - stride)
    return total // 2, total - total // 2


def same_padding(size: int, kernel_size: int, stride: int, dilation: int) -> tuple[int, int]:
    """The least padding that gives ⌈N/S⌉ positions, the odd cell after: TensorFlow's SAME, ONNX's SAME_UPPER.

    >>> same_padding(224, 3, 2, 1)
    (0, 1)
    """
    positions = -(-size // stride)
    total = max(0, (positions - 1) * stride + dilation * (kernel_size - 1) + 1 - size)
    return total // 2, total - total // 2
