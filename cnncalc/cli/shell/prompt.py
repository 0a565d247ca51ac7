"""The shell on a terminal, with history and completion. Only this module imports prompt_toolkit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from cnncalc.bundled import bundled
from cnncalc.cli import output
from cnncalc.cli.shell.commands import COMMANDS, Leave, Shell
from cnncalc.cli.shell.complete import words
from cnncalc.problem import one_line


class LineCompleter(Completer):
    """Completes commands, kinds, fields and names at the cursor, and files after save and load."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor.lstrip()
        command, space, rest = before.partition(" ")
        if space and command.rstrip("!") in ("save", "load"):
            yield from self._paths.get_completions(Document(rest, len(rest)), event)
            if command.startswith("load"):
                for name in bundled():
                    if name.startswith(rest):
                        yield Completion(name, -len(rest))
            return
        part, found = words(before, self._shell.session)
        for word in found:
            yield Completion(word, -len(part), display=word.strip())


def loop(shell: Shell) -> None:
    """Read and execute lines until the user leaves."""
    prompts: PromptSession[str] = PromptSession(
        history=_history(), completer=LineCompleter(shell), complete_while_typing=False, enable_history_search=True
    )
    shell.ask = _ask
    output.say("Type rows as in YAML. help lists the commands, Ctrl-D leaves.\n")
    while True:
        try:
            shell.paste(prompts.prompt(f"{shell.session.output or 'cnncalc'}> "))
        except KeyboardInterrupt:
            line = one_line(prompts.default_buffer.text)
            output.say(f"discarded: {line}; the network is unchanged\n" if line else "Ctrl-D leaves\n")
        except EOFError:
            if _may_leave(shell):
                return
        except Leave:
            return


def _may_leave(shell: Shell) -> bool:
    try:
        COMMANDS["quit"].run(shell, "")
    except Leave:
        return True
    except Exception:
        return False
    return False


def _ask(question: str) -> bool:
    """Ask a yes/no question. Any other answer, an interrupt and the end of the input mean no."""
    prompts: PromptSession[str] = PromptSession()
    try:
        return prompts.prompt(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except (KeyboardInterrupt, EOFError):
        return False


def _history() -> History:
    """The history file; a history in memory if there is no folder to write it to."""
    try:
        base = os.environ.get("XDG_STATE_HOME") or os.path.join(Path.home(), ".local", "state")
        folder = os.path.join(base, "cnncalc")
        os.makedirs(folder, exist_ok=True)
        file = os.path.join(folder, "history")
        with open(file, "a", encoding="utf-8"):
            pass
    except (OSError, RuntimeError, ValueError):
        # There is no home folder, or it cannot be written to.
        return InMemoryHistory()
    return FileHistory(file)
