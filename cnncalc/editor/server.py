"""The language server: the protocol's messages in, the editor's pure functions, the protocol's messages out."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from cnncalc import __version__
from cnncalc.check import settings
from cnncalc.editor import actions, completion, convert, diagnostics, hints, hover, symbols
from cnncalc.editor.documents import OpenFile, TextChange

#: A text that takes longer to read, in seconds, is read when typing pauses, not after every key.
_AT_ONCE = 0.1
_PAUSE = 0.3
#: Reference cycles are collected after this many seconds without a change, or after this many changes.
_REST = 0.04
_MOST_CHANGES = 200
#: Before an answer that takes long, the messages of this many seconds are read, in which the editor may cancel the request.
_TURN = 0.005

_Answer = TypeVar("_Answer", bound=Callable[..., Any])

#: A text with a mistake of each sort that imports a module of its own.
_MISTAKES = """\
input: 9x9x3
vars: {n: 1}
blocks: {b: {parameters: {out: }, layers: [{conv: "${out}", kernel_size: 3, share: conv9}]}}
layers:
  - {conv: 4, kernel_size: 2, stride: 2}
  - {conv: 4, kernal: 3, F: 3}
  - {block: b, out: "${n}"}
  - {add: nothing}
  - {conv: {filters: 3}}
  - conv2d
  - {fc: 3, kind: conv}
  - {maxpool: 99}  # cnncalc: ignore[nothing]
  - {attention: 7
expect: {output: 3, parameters: 3}
budget: {peak_memory: 1}
"""


class _Protocol(LanguageServerProtocol):
    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> Generator[Any, Any, None]:
        """Pass changes on alone: `Server.documents` has the texts, and pygls's own copies of them are not used."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Generator[Any, Any, lsp.InitializeResult]:
        """Choose UTF-16 positions, which every client supports."""
        if params.capabilities.general is not None:
            params.capabilities.general.position_encodings = None
        return (yield from super().lsp_initialize(params))

    def handle_message(self, message: Any) -> None:
        """Handle a message, and refuse a request after the shutdown, which pygls leaves open."""
        if self._shutdown and hasattr(message, "id") and hasattr(message, "method"):
            self._send_response(message.id, error=JsonRpcInvalidRequest().to_response_error())
        else:
            super().handle_message(message)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Return the message as its class, and answer a request whose parameters are invalid, which pygls leaves open."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise


class Server(LanguageServer):
    """The open documents and the timers of their diagnostics."""

    def __init__(self) -> None:
        super().__init__("cnncalc", __version__, protocol_cls=_Protocol, converter_factory=convert.converter)
        self.documents: dict[str, OpenFile] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._faults: set[str] = set()
        self._rest: asyncio.TimerHandle | None = None
        self._changes = 0
        #: Held while a long answer is computed.
        self.long = asyncio.Lock()
        self.shut = False
        #: The status that the process ends with: 1 if the editor asks for the end without a shutdown before it.
        self.status = 0

    def changed(self, uri: str) -> None:
        """Publish the diagnostics of a text: at once if it is quick to read, else when typing pauses."""
        timer = self._timers.pop(uri, None)
        if timer is not None:
            timer.cancel()
        document = self.documents.get(uri)
        cost = document.cost if document is not None else 0.0
        if cost <= _AT_ONCE:
            self._publish(uri)
        else:
            self._timers[uri] = asyncio.get_running_loop().call_later(min(_PAUSE, cost), self._publish, uri)
        self._collect_later()

    def was_read(self, uri: str) -> None:
        """Publish pending diagnostics now, because a request has read the text."""
        timer = self._timers.pop(uri, None)
        if timer is not None:
            timer.cancel()
            self._timers[uri] = asyncio.get_running_loop().call_later(0, self._publish, uri)

    def _publish(self, uri: str) -> None:
        self._timers.pop(uri, None)
        document = self.documents.get(uri)
        if document is None:
            return
        found = [convert.diagnostic(one, uri) for one in diagnostics.diagnostics(document.snapshot)]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, document.version))
        fault = document.settings_fault
        if fault is not None and fault not in self._faults:
            self._faults.add(fault)
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, f"cnncalc: {fault}"))

    def _collect_later(self) -> None:
        """Schedule the collection of reference cycles between two keys, so that it delays no answer."""
        if self._rest is not None:
            self._rest.cancel()
        self._changes += 1
        delay = _REST if self._changes < _MOST_CHANGES else 0.0
        self._rest = asyncio.get_running_loop().call_later(delay, self._collect)

    def _collect(self) -> None:
        self._changes = 0
        self._rest = None
        gc.collect()

    def closed(self, uri: str) -> None:
        """Forget a document and clear its diagnostics."""
        if self.documents.pop(uri, None) is None:
            return
        timer = self._timers.pop(uri, None)
        if timer is not None:
            timer.cancel()
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    def settings_changed(self) -> None:
        """Read every open document again with the current settings."""
        settings.forget()
        self._faults.clear()
        for uri, document in self.documents.items():
            document.forget()
            self.changed(uri)


def warm() -> None:
    """Read a text with many mistakes, so that no module is imported while an editor waits for an answer."""
    for text in (_MISTAKES, _MISTAKES.replace("attention: 7", "attention: 7}"), "input: 9x9x3\nlayers: [{conv: 4, stride: 5}]\n"):
        document = OpenFile("file:///warm.yaml", text)
        everything = document.snapshot.positions.between(0, len(text))
        diagnostics.diagnostics(document.snapshot)
        hints.hints(document.snapshot)
        actions.actions(document.snapshot, everything)
        hover.hover(document.snapshot, text.index("{conv") + 2)
        completion.complete(document.snapshot, len(text))


def make() -> Server:
    """The server with every feature, not yet connected."""
    server = Server()
    _documents(server)
    _features(server)
    _names(server)
    return server


def _is_yaml(item: lsp.TextDocumentItem) -> bool:
    """Whether the editor calls a text YAML, or its file's name does."""
    return item.language_id.startswith("yaml") or item.uri.lower().endswith((".yaml", ".yml"))


def _documents(server: Server) -> None:
    @server.feature(lsp.SHUTDOWN)
    def shut(ls: Server, params: None) -> None:
        ls.shut = True

    @server.feature(lsp.EXIT)
    def exited(ls: Server, params: None) -> None:
        """Remember the status that the protocol asks for, because pygls ends with 0."""
        ls.status = 0 if ls.shut else 1

    @server.feature(lsp.INITIALIZED)
    def initialized(ls: Server, params: lsp.InitializedParams) -> None:
        """Ask the editor to report changes of settings, if it watches files for servers."""
        workspace = ls.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace is not None else None
        if watching is not None and watching.dynamic_registration:
            options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher("**/pyproject.toml")])
            wanted = lsp.Registration("pyproject", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            ls.client_register_capability(lsp.RegistrationParams([wanted]))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        if not _is_yaml(item):
            return
        settings.forget()
        ls.documents[item.uri] = OpenFile(item.uri, item.text, item.version)
        ls.changed(item.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
        document = ls.documents.get(params.text_document.uri)
        if document is not None:
            changes = [
                TextChange(
                    convert.span_of(one.range) if isinstance(one, lsp.TextDocumentContentChangePartial) else None, one.text
                )
                for one in params.content_changes
            ]
            document.change(changes, params.text_document.version)
            ls.changed(document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: Server, params: lsp.DidSaveTextDocumentParams) -> None:
        if params.text_document.uri.endswith("pyproject.toml"):
            ls.settings_changed()

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
        ls.closed(params.text_document.uri)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(ls: Server, params: lsp.DidChangeWatchedFilesParams) -> None:
        if any(change.uri.endswith("pyproject.toml") for change in params.changes):
            ls.settings_changed()


def _answers(server: Server, method: str, options: Any = None, *, otherwise: Any = None) -> Callable[[_Answer], _Answer]:
    """Register the answer to requests about a document; `otherwise` is the answer if it is not open or no YAML."""

    def register(answer: _Answer) -> _Answer:
        @server.feature(method, options)
        async def answered(ls: Server, params: Any) -> Any:
            document = ls.documents.get(params.text_document.uri)
            if document is None:
                return otherwise
            if document.cost <= _AT_ONCE:
                return answer(ls, document, params)
            # The answer takes long; the editor may have cancelled the request already.
            async with ls.long:
                await asyncio.sleep(_TURN)
                return answer(ls, document, params)

        return answer

    return register


def _features(server: Server) -> None:
    @_answers(server, lsp.TEXT_DOCUMENT_INLAY_HINT, otherwise=[])
    def inlay_hints(ls: Server, document: OpenFile, params: lsp.InlayHintParams) -> list[convert.Ready]:
        wanted = range(params.range.start.line, params.range.end.line + 1)
        found = hints.hints(document.snapshot, document.last_good)
        ls.was_read(document.uri)
        return [convert.hint(one) for one in found if one.position.line in wanted]

    @_answers(server, lsp.TEXT_DOCUMENT_HOVER)
    def hovered(ls: Server, document: OpenFile, params: lsp.HoverParams) -> lsp.Hover | None:
        found = hover.hover(document.snapshot, convert.offset(document, params.position))
        return None if found is None else convert.hover(found)

    options = lsp.CompletionOptions(trigger_characters=["{", " ", ",", "[", "-", ":", "$", "."])

    @_answers(server, lsp.TEXT_DOCUMENT_COMPLETION, options, otherwise=lsp.CompletionList(False, []))
    def completed(ls: Server, document: OpenFile, params: lsp.CompletionParams) -> lsp.CompletionList:
        if not document.snapshot.claimed:
            return lsp.CompletionList(False, [])
        found = completion.complete(document.snapshot, convert.offset(document, params.position))
        return lsp.CompletionList(False, [convert.item(one, found.span, rank) for rank, one in enumerate(found.items)])

    kinds = lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.SourceFixAll])

    @_answers(server, lsp.TEXT_DOCUMENT_CODE_ACTION, kinds, otherwise=[])
    def acted(ls: Server, document: OpenFile, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        found = actions.actions(document.snapshot, convert.span_of(params.range))
        only = params.context.only
        if only is not None and lsp.CodeActionKind.SourceFixAll in only:
            everything = actions.fix_all(document.snapshot)
            found = [one for one in found if one.kind != "source.fixAll"] + ([everything] if everything else [])
        return [
            convert.action(one, document)
            for one in found
            if only is None or any(one.kind == kind or one.kind.startswith(f"{kind}.") for kind in only)
        ]

    @_answers(server, lsp.TEXT_DOCUMENT_CODE_LENS, otherwise=[])
    def lenses(ls: Server, document: OpenFile, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
        return [convert.lens(one) for one in hints.lenses(document.snapshot)]

    @_answers(server, lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, otherwise=[])
    def outline(ls: Server, document: OpenFile, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        return [convert.symbol(one) for one in symbols.entries(document.snapshot)]

    @_answers(server, lsp.TEXT_DOCUMENT_FOLDING_RANGE, otherwise=[])
    def folds(ls: Server, document: OpenFile, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
        return [lsp.FoldingRange(first, last) for first, last in symbols.folds(document.snapshot)]


def _names(server: Server) -> None:
    @_answers(server, lsp.TEXT_DOCUMENT_DEFINITION)
    def defined(ls: Server, document: OpenFile, params: lsp.DefinitionParams) -> lsp.Location | None:
        found = symbols.definition(document.snapshot, convert.offset(document, params.position))
        return None if found is None else lsp.Location(document.uri, convert.range_of(found))

    @_answers(server, lsp.TEXT_DOCUMENT_REFERENCES, otherwise=[])
    def used(ls: Server, document: OpenFile, params: lsp.ReferenceParams) -> list[lsp.Location]:
        wanted = params.context.include_declaration
        found = symbols.references(document.snapshot, convert.offset(document, params.position), with_definition=wanted)
        return [lsp.Location(document.uri, convert.range_of(one)) for one in found]

    @_answers(server, lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def renamable(ls: Server, document: OpenFile, params: lsp.PrepareRenameParams) -> lsp.Range:
        try:
            return convert.range_of(symbols.renamable(document.snapshot, convert.offset(document, params.position)))
        except symbols.CannotRename as error:
            raise convert.refusal(str(error)) from None

    @_answers(server, lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def renamed(ls: Server, document: OpenFile, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
        try:
            edits = symbols.rename(document.snapshot, convert.offset(document, params.position), params.new_name)
        except symbols.CannotRename as error:
            raise convert.refusal(str(error)) from None
        return lsp.WorkspaceEdit({document.uri: [convert.edit(one) for one in edits]})
