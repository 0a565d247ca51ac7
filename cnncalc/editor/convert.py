"""The editor's own types as those of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.protocol import default_converter

from cnncalc.editor.actions import Action
from cnncalc.editor.completion import Suggestion
from cnncalc.editor.diagnostics import Diagnostic
from cnncalc.editor.documents import OpenFile
from cnncalc.editor.hints import Hint, Lens
from cnncalc.editor.hover import Hover
from cnncalc.editor.positions import Position, Span
from cnncalc.editor.symbols import Edit, OutlineEntry

if TYPE_CHECKING:
    from cattrs import Converter

_SEVERITY = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}
_ITEMS = {
    "kind": lsp.CompletionItemKind.Class,
    "field": lsp.CompletionItemKind.Field,
    "word": lsp.CompletionItemKind.EnumMember,
    "name": lsp.CompletionItemKind.Reference,
    "key": lsp.CompletionItemKind.Property,
    "block": lsp.CompletionItemKind.Module,
    "var": lsp.CompletionItemKind.Variable,
    "function": lsp.CompletionItemKind.Function,
    "rule": lsp.CompletionItemKind.EnumMember,
}
_SYMBOLS = {
    "row": lsp.SymbolKind.Object,
    "branch": lsp.SymbolKind.Namespace,
    "block": lsp.SymbolKind.Module,
    "parameter": lsp.SymbolKind.TypeParameter,
    "var": lsp.SymbolKind.Variable,
    "input": lsp.SymbolKind.Interface,
}


def offset(document: OpenFile, position: lsp.Position) -> int:
    return document.snapshot.positions.offset(Position(position.line, position.character))


def span_of(found: lsp.Range) -> Span:
    return Span(Position(found.start.line, found.start.character), Position(found.end.line, found.end.character))


def range_of(span: Span) -> lsp.Range:
    return lsp.Range(lsp.Position(*span.start), lsp.Position(*span.end))


def refusal(message: str) -> Exception:
    """An error of the protocol that an editor shows as its message."""
    return JsonRpcInvalidParams(message)


def diagnostic(found: Diagnostic, uri: str) -> lsp.Diagnostic:
    tags = [lsp.DiagnosticTag.Unnecessary] if found.code.startswith("unused-") else None
    severity = _SEVERITY[found.level]
    return lsp.Diagnostic(range_of(found.span), found.message, severity, code=found.code, source="cnncalc", tags=tags)


class Ready(dict[str, object]):
    """A part of an answer as a plain dictionary: a long text has thousands of hints, and the protocol's classes are slow."""


def converter() -> Converter:
    """The converter of pygls, which leaves `Ready` alone."""
    made: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls has no annotation here
    made.register_unstructure_hook(Ready, lambda found: found)
    return made


def hint(found: Hint) -> Ready:
    line, character = found.position
    return Ready(position={"line": line, "character": character}, label=found.label, tooltip=found.tooltip, paddingLeft=True)


def lens(found: Lens) -> lsp.CodeLens:
    place = lsp.Position(found.line, 0)
    # A lens without an action needs a command of no name to be shown.
    return lsp.CodeLens(lsp.Range(place, place), lsp.Command(found.text, ""))


def hover(found: Hover) -> lsp.Hover:
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, found.markdown), range_of(found.span))


def item(found: Suggestion, span: Span, rank: int) -> lsp.CompletionItem:
    documentation = lsp.MarkupContent(lsp.MarkupKind.PlainText, found.documentation) if found.documentation else None
    return lsp.CompletionItem(
        found.label,
        kind=_ITEMS[found.kind],
        detail=found.detail or None,
        documentation=documentation,
        sort_text=f"{rank:04}",
        text_edit=lsp.TextEdit(range_of(span), found.text),
    )


def edit(found: Edit) -> lsp.TextEdit:
    return lsp.TextEdit(range_of(found.span), found.text)


def action(found: Action, document: OpenFile) -> lsp.CodeAction:
    solved = None
    if found.problem is not None:
        problem = found.problem
        span = document.snapshot.positions.between(*document.snapshot.range(problem.location))
        solved = [diagnostic(Diagnostic(span, problem.level, problem.rule, problem.message, problem), document.uri)]
    return lsp.CodeAction(
        found.title,
        kind=lsp.CodeActionKind(found.kind),
        diagnostics=solved,
        is_preferred=found.preferred or None,
        edit=lsp.WorkspaceEdit({document.uri: [edit(one) for one in found.edits]}),
    )


def symbol(found: OutlineEntry) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        found.name or "?",
        _SYMBOLS[found.kind],
        range_of(found.span),
        range_of(found.selection),
        detail=found.detail or None,
        children=[symbol(one) for one in found.children],
    )
