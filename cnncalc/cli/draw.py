"""`cnncalc draw`: a picture of a network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import UNUSABLE, options, output
from cnncalc.cli.spec import load, status
from cnncalc.report.picture.formats import FORMATS, by_suffix, picture
from cnncalc.report.picture.options import COLUMNS, NARROWEST, STYLES, WIDEST, CannotDraw, Drawing

if TYPE_CHECKING:
    from cnncalc.language.overrides import Options

    Form = str
    Style = str
else:
    Form = Literal[FORMATS]
    Style = Literal[STYLES]

#: How another program makes these files of ours.
_CONVERT = {
    ".pdf": "to get a PDF, draw a .tex file and compile it: pdflatex net.tex",
    ".png": "to get a PNG, draw an .svg file and convert it: rsvg-convert net.svg -o net.png",
}


@options.changing("dtype")
def draw(
    spec: options.Spec,
    to: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Output file, whose suffix selects the format; default: standard output."
        ),
    ] = None,
    style: Annotated[
        Style, typer.Option("--style", help="Boxes in perspective, one row per layer, or each block drawn once.")
    ] = "volumes",
    form: Annotated[
        Form | None, typer.Option("--format", help="Output format; default: by the suffix of FILE, else svg.")
    ] = None,
    title: Annotated[
        str | None,
        typer.Option("--title", metavar="TEXT", help="Title; default: the network's name and totals; '' for no title."),
    ] = None,
    no_legend: Annotated[bool, typer.Option("--no-legend", help="Leave out the legend.")] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="NAMES", help=f"Labels of each layer, separated by commas: {', '.join(COLUMNS)}."),
    ] = None,
    width: Annotated[
        int,
        typer.Option(
            "--width",
            min=NARROWEST,
            max=WIDEST,
            metavar="PIXELS",
            help="Width at which a long network continues in the next row or column. A note says if it needs more.",
        ),
    ] = 1000,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth",
            min=1,
            metavar="N",
            help="Fold blocks nested deeper than N levels; default: chosen so that the picture stays readable.",
        ),
    ] = None,
    *,
    changes: Options,
) -> None:
    """Draw a network as SVG, as a Mermaid flowchart for GitHub, or as TikZ for LaTeX.

    volumes: one box per output; its height is the resolution, its width the channels. graph: one row per layer, with sizes on
    the edges. blocks: the network with its blocks folded, then each block once. Repeated layers are drawn once with their
    count. Layers with problems are marked. A Mermaid flowchart is always a graph, and GitHub chooses its width.

    Exit status: 0 without problems, 1 with errors in the network, 2 if the file is not a network or cannot be drawn.
    """
    wanted = _format(form, to)
    chosen = _options(style, title, not no_legend, columns, width, depth)
    network = load(spec, changes)
    if network is None:
        raise typer.Exit(UNUSABLE)
    try:
        found = picture(network, wanted, chosen)
    except CannotDraw as error:
        output.warn(f"error: {error}")
        raise typer.Exit(UNUSABLE) from None
    output.deliver(found.text, to)
    if found.note:
        output.warn(f"note: {found.note}")
    output.complain(network.problems)
    raise typer.Exit(status([network]))


draw.epilog = "Example: cnncalc draw alexnet -o alexnet.svg"  # type: ignore[attr-defined]  # for --help


def _format(form: str | None, to: str | None) -> str:
    """The format of --format, else of the output file's suffix, else SVG."""
    if form is not None:
        return form
    if to is None or to == "-":
        return "svg"
    suffix = os.path.splitext(to)[1].lower()
    suffixes = by_suffix()
    if suffix not in suffixes:
        known = ", ".join(suffixes)
        hint = f"; {_CONVERT[suffix]}" if suffix in _CONVERT else ""
        raise typer.BadParameter(
            f"{to}: no format has the suffix {suffix or '(none)'}; use {known}, or --format{hint}", param_hint="'-o'"
        )
    return suffixes[suffix]


def _options(style: str, title: str | None, legend: bool, columns: list[str] | None, width: int, depth: int | None) -> Drawing:
    from cnncalc.spelling import did_you_mean

    names = [name.lower().replace("-", "_") for name in options.names(columns)]
    for name in names:
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS)
            raise typer.BadParameter(
                f"there is no column {name}{hint or '; columns are ' + ', '.join(COLUMNS)}", param_hint="'--columns'"
            )
    return Drawing(style, title, legend, tuple(names) if columns else None, width, depth)
