"""`cnncalc sizes`: the input sizes on which a network works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.spec import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.sizes import Judge, Verdict
    from cnncalc.network import Network
    from cnncalc.shape import Flow

#: Rules that another input size may satisfy.
_OF_SIZE = frozenset(("shape", "window", "stride-fit", "join", "share", "limit", "expect", "budget"))
#: Of these, the ones that leave every layer as it would be without them.
_HARMLESS = frozenset(("stride-fit", "expect", "budget"))


def sizes(
    spec: options.Spec,
    most: Annotated[int, typer.Option("--max", min=1, max=100_000, metavar="N", help="The largest size that is tried.")] = 1024,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How it is written.")] = "text",
    input: options.Input = None,  # noqa: A002 - the word of the language
    set: options.Set = None,  # noqa: A002
    fit: options.Fit = None,
    layout: options.Layout = None,
) -> None:
    """Find the input sizes on which a network works: every stride fits, every join matches, and nothing vanishes.

    Heights and widths are tried together and each alone. Where the file takes the floor or the ceiling of strides that do not
    fit, a second column says for which sizes every stride fits. Channels stay as they are.

    Exit status: 0 where a size works, 1 where none does, 2 where the file is no network.
    """
    from cnncalc.network import text_of
    from cnncalc.problem import SpecError

    try:
        file = resolve(spec)
        oracle = Oracle(text_of(file), file, input, list(set or []), fit, layout)
    except SpecError as error:
        output.complain(error.problems)
        raise typer.Exit(UNUSABLE) from None
    raise typer.Exit(tell(oracle, most, form))


sizes.epilog = "Example: cnncalc sizes unet"  # type: ignore[attr-defined]  # for --help


def tell(oracle: Oracle, most: int, form: str = "text") -> int:
    """Says the sizes, and gives the exit status."""
    from cnncalc.report import sizes as report
    from cnncalc.studies.sizes import survey

    network = oracle.network
    lasting = [p for p in network.problems if p.level == "error" and p.rule not in _OF_SIZE]
    if lasting:
        output.complain(lasting)
        output.say("no size works as long as these problems stand\n")
        return PROBLEMS
    surveys = {source.name: survey(oracle.along(i), oracle.flows[i], most) for i, source in enumerate(network.inputs)}
    if form == "json":
        import json

        output.say(json.dumps(report.document(network, surveys, most)) + "\n")
    else:
        output.say_rows(report.rows(network, surveys, most, output.width(), expect_skipped=oracle.expects))
    return OK if all(found.smallest is not None for found in surveys.values()) else PROBLEMS


class Oracle:
    """Says whether a network works on other inputs: by its graph where that is sure, else by reading the file again.

    Raises SpecError where it is no network at all.
    """

    def __init__(
        self,
        text: str,
        file: str | None = None,
        input: str | None = None,  # noqa: A002 - the word of the language
        overrides: Sequence[str] = (),
        fit: str | None = None,
        layout: str | None = None,
    ) -> None:
        from cnncalc.network import loads

        self._text = text
        self._input = input
        self._overrides = overrides
        self._fit = fit
        self._judge: Judge | None = None
        self.network: Network = loads(text, file=file, input=input, set=overrides, fit=fit, layout=layout)
        self.flows: list[Flow] = [source.flow for source in self.network.inputs if source.flow is not None]
        self._take(self.network)

    @property
    def expects(self) -> bool:
        """Whether the file expects anything, which other sizes are not held against."""
        from cnncalc.network import loads

        return loads(self._text, input=self._input, set=self._overrides, fit="exact").expect_skipped

    def _take(self, network: Network) -> None:
        """Judges by the graph of this network from now on, where all of it is known."""
        from cnncalc.analysis.sizes import Judge

        wrong = {p.rule for p in network.problems if p.level == "error"} - _HARMLESS
        # A comment that hides a problem hides it in its row, which the graph does not know of.
        if not wrong and not network.reading.ignores.found and all(node.shape is not None for node in network.layers):
            self._judge = Judge(
                network.graph,
                ignored=network.reading.ignored,
                budget=network.reading.budget,
                by_channels="in_channels" in self._text,
            )

    def along(self, place: int) -> OneInput:
        """The verdicts when one input varies and the others stay."""
        return OneInput(self, place)

    def __call__(self, flows: tuple[Flow, ...]) -> Verdict:
        verdict = self._judge(flows) if self._judge is not None else None
        return verdict if verdict is not None else self._reread(flows)

    def _reread(self, flows: tuple[Flow, ...]) -> Verdict:
        from cnncalc.analysis.sizes import NO, Verdict
        from cnncalc.network import loads
        from cnncalc.problem import SpecError

        texts = [_written(flow, self.network.reading.layout) for flow in flows]
        names = [source.name for source in self.network.inputs]
        given = [f"{name}={text}" for name, text in zip(names, texts, strict=True)]
        try:
            network = loads(self._text, input=given, set=self._overrides, fit=self._fit)
        except SpecError:
            return NO
        if any(problem.level == "error" for problem in network.problems):
            return NO
        if self._judge is None:
            self._take(network)
        return Verdict(True, all(node.fits for node in network.layers))


class OneInput:
    """An input at its place varies."""

    def __init__(self, oracle: Oracle, place: int) -> None:
        self._oracle = oracle
        self._place = place

    def __call__(self, flow: Flow) -> Verdict:
        flows = list(self._oracle.flows)
        flows[self._place] = flow
        return self._oracle(tuple(flows))


def _written(flow: Flow, layout: str) -> str:
    from cnncalc.shape import Shape

    if isinstance(flow, Shape):
        return flow.text(layout)
    return f"{{tokens: {flow.length}, vocabulary: {flow.vocabulary}}}"
