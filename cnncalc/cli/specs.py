"""`cnncalc specs`: the bundled networks."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import typer

from cnncalc.cli import output


class BundledSpec(NamedTuple):
    """A bundled network. Its totals are those under `expect` in its file, which the tests verify."""

    name: str
    title: str
    description: str
    parameters: int
    macs: int
    file: str


def specs(form: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table") -> None:
    """List the bundled networks with their parameters and multiply-accumulates."""
    from cnncalc.bundled import bundled

    entries = [_entry(name, file) for name, file in bundled().items()]
    if form == "json":
        import json

        text = json.dumps([entry._asdict() for entry in entries], indent=2) + "\n"
    else:
        text = _table(entries)
    output.say(text)


specs.epilog = "Example: cnncalc specs"  # type: ignore[attr-defined]  # for --help


def _entry(name: str, file: str) -> BundledSpec:
    """Read the entry of a file without inference. A file without totals under `expect` is loaded to compute them."""
    from cnncalc import values
    from cnncalc.language.compose import compose
    from cnncalc.language.source import value_of

    with open(file, encoding="utf-8") as stream:
        node = compose(stream.read(), file, [])
    root = value_of(node) if node is not None else None
    top = root if isinstance(root, values.Map) else values.Map()
    expect = top.get("expect")
    counts = []
    for key in ("parameters", "macs"):
        text = expect.get(key) if isinstance(expect, values.Map) else None
        counts.append(values.quantity(text) if isinstance(text, str) else None)
    parameters, macs = counts
    if parameters is None or macs is None:
        from cnncalc import load

        network = load(file)
        parameters, macs = network.parameters, network.macs
    title, description = (str(top.get(key) or "") for key in ("name", "description"))
    return BundledSpec(name, title, description, parameters, macs, file)


#: Descriptions are left out if they have fewer columns than this.
_LEAST = 24


def _table(entries: list[BundledSpec]) -> str:
    """The table as text. On a terminal, descriptions are cut at its edge, or left out if it is narrow."""
    from cnncalc.report.network.table import cut

    rows = [("name", "parameters", "MACs", "description")]
    rows += [(e.name, f"{e.parameters:,}", f"{e.macs:,}", e.description or e.title) for e in entries]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    width = output.width()
    indent = sum(widths) + 6
    lines = []
    for name, parameters, macs, description in rows:
        head = f"{name:<{widths[0]}}  {parameters:>{widths[1]}}  {macs:>{widths[2]}}"
        room = None if width is None else width - indent
        text = description if room is None else cut(description, room) if room >= _LEAST else ""
        lines.append(f"{head}  {text}".rstrip())
    lines += ["", f"cnncalc show {entries[0].name} shows the first one" if entries else "no networks are bundled"]
    return "\n".join(lines) + "\n"
