"""The common part of convolutions and pooling layers: a window that slides along every spatial axis."""

from __future__ import annotations

from typing import Any

from cnncalc.layers.advice import along
from cnncalc.layers.base import Layer
from cnncalc.layers.option import ONE, Axes, Every, Pairs
from cnncalc.shape import Flow, LayerError, Shape
from cnncalc.window import Window, same_padding


class Sliding(Layer):
    """A window of `kernel_size` that moves by `stride` over the input with `padding` zeros around it."""

    accepts = "map"
    kernel_size: Axes
    stride: Axes | None
    padding: Pairs | str

    def _dilation(self) -> Axes:
        return getattr(self, "dilation", ONE)

    @property
    def must_fit(self) -> bool:
        return self.padding != "same"

    def windows(self, x: Shape) -> tuple[Window, ...]:
        # Inference asks for them again and again; they depend on the sizes of the map only if the padding does.
        last: tuple[object, tuple[Window, ...]] | None = self.__dict__.get("_last_windows")
        key: object = x[:-1] if self.padding == "same" else len(x)
        if last is not None and last[0] == key:
            return last[1]
        found = self._windows(x)
        self.__dict__["_last_windows"] = key, found
        return found

    def _windows(self, x: Shape) -> tuple[Window, ...]:
        kernel = along(x, "kernel_size", self.kernel_size)
        stride = kernel if self.stride is None else along(x, "stride", self.stride)
        dilation = along(x, "dilation", self._dilation())
        return tuple(
            Window(f, s, before, after, d)
            for f, s, (before, after), d in zip(kernel, stride, self._padding(x, kernel, stride, dilation), dilation, strict=True)
        )

    def _padding(self, x: Shape, kernel: Axes, stride: Axes, dilation: Axes) -> Pairs:
        if self.padding == "same":
            return tuple(map(same_padding, x.spatial, kernel, stride, dilation))
        if self.padding == "valid":
            return ((0, 0),) * x.rank
        if self.padding == "causal":
            if x.rank != 1:
                raise LayerError(
                    "causal padding is 1-D, for sequences of length × channels, and {} flows in; write same or numbers",
                    x,
                    field="padding",
                )
            return ((dilation[0] * (kernel[0] - 1), 0),)
        if isinstance(self.padding, str):
            raise LayerError(f"padding {self.padding} has no meaning", field="padding")
        return along(x, "padding", self.padding)

    def spatial(self, x: Shape, fit: str) -> tuple[int, ...]:
        """Return the positions of the window along each axis. Raises LayerError if it is larger than the padded input."""
        last: tuple[tuple[int, ...], str, tuple[int, ...]] | None = self.__dict__.get("_last_positions")
        spatial = x[:-1]
        if last is not None and last[0] == spatial and last[1] == fit:
            return last[2]
        found = self._positions(x, "floor" if self.padding == "same" else fit)
        self.__dict__["_last_positions"] = spatial, fit, found
        return found

    def _positions(self, x: Shape, fit: str) -> tuple[int, ...]:
        sizes = []
        for axis, window, size in zip(x.axes, self.windows(x), x.spatial, strict=True):
            try:
                sizes.append(window.output_size(size, fit))
            except ValueError:
                raise LayerError(too_large(axis, window, size), rule="window") from None
        return tuple(sizes)

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        parts = zip(x.axes, self.windows(x), x.spatial, strict=True)
        if self.padding == "same":
            return [(axis, window.same_formula(size)) for axis, window, size in parts]
        return [(axis, window.formula(size)) for axis, window, size in parts]

    def fields(self, x: Flow | None) -> dict[str, Any]:
        found = super().fields(x)
        if isinstance(x, Shape):
            try:
                windows = self.windows(x)
            except LayerError:
                return found
            written_out: dict[str, Any] = {
                "kernel_size": [w.kernel_size for w in windows[self.unwindowed :]],
                "stride": [w.stride for w in windows[self.unwindowed :]],
                "padding": [[w.before, w.after] for w in windows[self.unwindowed :]],
                "dilation": [w.dilation for w in windows[self.unwindowed :]],
            }
            found.update((name, value) for name, value in written_out.items() if name in found)
        return found

    def summary(self, x: Flow | None, layout: str = "channels_last") -> str:
        # A vector has no axes; the fields are shown as for a map, as the row has them.
        rank = x.rank - self.unwindowed if isinstance(x, Shape) and x.rank > self.unwindowed else 2
        kernel = tuple(self.kernel_size) * rank if isinstance(self.kernel_size, Every) else self.kernel_size
        parts = ["×".join(map(str, kernel))]
        if self.main is not None and self.main.name != "kernel_size":
            parts[0] = f"{self.main.type.show(self.value(self.main.name))} × {parts[0]}"
        short = {"padding": "pad"}
        order = sorted(self.stored, key=lambda name: name not in ("stride", "padding", "dilation"))
        for name in order:
            declared, value = self.stored[name], self.value(name)
            if name != "kernel_size" and not declared.main and value is not None and value != declared.default:
                text = self.shown(name, layout)
                parts.append(text.replace(name, short[name], 1) if name in short else text)
        return ", ".join(parts)


def too_large(axis: str, window: Window, size: int) -> str:
    """Return the message for a window that is larger than its padded input, with windows or padding that fit."""
    padded = size + window.before + window.after
    padding = f"{size} + {window.before} + {window.after} = {padded}" if window.before or window.after else str(padded)
    largest = (padded - 1) // window.dilation + 1 if padded > 0 else 0
    lacking = window.extent - padded
    smaller = f"kernel_size at most {largest}, or " if largest else ""
    return (
        f"a window over {window.extent} cells is larger than its padded input, {axis} {padding}; "
        f"try {smaller}padding {max(window.before, window.after) + (lacking + 1) // 2}"
    )
