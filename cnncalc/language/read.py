"""Reads cnncalc's own YAML: text in, a `Reading` out."""

from __future__ import annotations

from functools import partial

from cnncalc.build.changes import UNCHANGED, Changes
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Ignores, Reading, Source
from cnncalc.graph import Producer
from cnncalc.language.compose import compose
from cnncalc.language.content import Document, Parsed, Rows
from cnncalc.language.definitions import definitions
from cnncalc.language.document import DocumentReader
from cnncalc.language.expand import Expander
from cnncalc.language.expectations import check_totals
from cnncalc.language.scope import Scope
from cnncalc.language.source import YamlNode
from cnncalc.language.uses import check_uses
from cnncalc.place import Place
from cnncalc.problem import Problem, SpecError
from cnncalc.shape import Flow, LayerError


def read(source: Source, changes: Changes = UNCHANGED) -> Reading:
    """Return the network that a text describes. Never raises: a reading of invalid text is `unusable` and has the problems."""
    try:
        return _read(source, changes)
    except SpecError as error:
        return Reading.failed(source, error.problems)


def opened(source: Source, changes: Changes, problems: Problems) -> tuple[Document, dict[str, Flow | None], Rows]:
    """Return the top level of a text, its inputs after `changes`, and its rows. Raises SpecError for impossible changes."""
    text = source.text
    source.cache.trim()
    if source.parsed is None:
        found_early: list[Problem] = []
        source.parsed = Parsed(compose(text, source.file, found_early), found_early)
    parsed: Parsed = source.parsed
    for problem in parsed.early:
        problems.add(problem.rule, problem.location, problem.message)
    set_vars = {name: one.value for name, one in changes.vars.items()}
    document = DocumentReader(parsed, text, problems, set_vars, source.cache).read()
    changes.check_vars(document.vars, document.inputs)
    inputs = changes.inputs(document.inputs, document.layout)
    if changes.input:
        # An override replaces the file's shape, so that the network is usable even if that shape is invalid.
        problems.unusable = problems.unusable and not document.layers.rows
    rows = parsed.rows(document.layout)
    if rows is None:
        check_uses(document, problems)
        rows = Rows(document, sound=not len(problems))
        parsed.keep(document.layout, rows)
    return document, inputs, rows


def _read(source: Source, changes: Changes) -> Reading:
    problems = Problems(source.file)
    document, inputs, rows = opened(source, changes, problems)
    expander = Expander(document, problems, changes, inputs, rows, source.cache)
    graph, scope = expander.run()
    changes.check_used(node.name for node in graph.nodes)
    if not problems.unusable:
        if changes.dtype is not None:
            document.dtype, document.dtype_known = changes.dtype, True
        check_totals(document, graph, scope, problems, expectations=not changes)
    ignores = _ignores(source.text, source.parsed.root, document)
    found = [problem for problem in problems.sorted() if not ignores.hides(problem)]
    if problems.unusable:
        return Reading.failed(source, found)
    return Reading(
        source,
        graph,
        found,
        name=document.name,
        description=document.description,
        credit=document.source,
        layout=document.layout,
        dtype=document.dtype,
        changed=bool(changes),
        expect_skipped=bool(changes) and bool(document.expect or document.expect_output or expander.expected),
        expected=frozenset(document.expect),
        budget={key: most for key, (most, *_) in document.budget.items()},
        ignored=problems.ignored,
        ignores=ignores,
        vars=tuple(document.vars),
        rows=_rows(document, scope),
        find=partial(_find, scope),
        definitions=partial(definitions, document, graph),
    )


def _ignores(text: str, root: YamlNode | None, document: Document) -> Ignores:
    if "cnncalc:" not in text and not document.ignored:
        return Ignores()
    from cnncalc.language.comments import FileIgnores

    return FileIgnores(text, root, document)


def _rows(document: Document, scope: Scope) -> dict[str, Place]:
    """Return the top-level rows by name, in order."""
    names = [name for name in scope.names if name not in document.inputs]
    return dict(zip(names, scope.body.rows, strict=False))


def _find(scope: Scope, name: str) -> Producer | None:
    try:
        return scope.find(name).source
    except LayerError:
        return None
