"""A total below a table."""

from __future__ import annotations

from cnncalc.record import Record


class Total(Record):
    """A total of the network with a remark. `least` is true if some layers' numbers are unknown.

    `label` is its name in a table without remarks, if that must say more.
    """

    name: str
    value: int
    note: str
    least: bool = False
    label: str = ""

    @property
    def text(self) -> str:
        """The number in digits, with `≥` if it is incomplete."""
        return f"≥{self.value:,}" if self.least else f"{self.value:,}"
