"""The commands of the shell."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.cli import FAULT, OK, PROBLEMS, output, say_fault
from cnncalc.cli.shell import files
from cnncalc.cli.shell.convert import converted_text, input_value, told
from cnncalc.cli.shell.session import Answer, Session, texts_of
from cnncalc.cli.shell.typed import LineJoiner, Refused, open_words, split
from cnncalc.files import write_atomically
from cnncalc.language.edit import CannotEdit
from cnncalc.layers import KINDS
from cnncalc.problem import SpecError
from cnncalc.spelling import did_you_mean, nearest

if TYPE_CHECKING:
    from cnncalc.network import Network

Ask = Callable[[str], bool]


class Leave(Exception):
    """Raised to end the session."""


class Command(NamedTuple):
    """A command: its syntax, one sentence of help, and the function that runs it."""

    usage: str
    about: str
    run: Callable[[Shell, str], None]


class Shell:
    """Runs typed lines on a session. `ask` asks a yes/no question; it is None if the lines come from a script."""

    def __init__(self, ask: Ask | None = None) -> None:
        self.session = Session()
        self.ask = ask
        #: The values of the option --input, for the file that is loaded first.
        self.input: tuple[str, ...] = ()
        #: The exit status of a script: 1 if a line was refused or a command failed, 3 after a fault of cnncalc.
        self.status = OK
        #: The texts that this shell saved, by file: it overwrites them without asking.
        self.written: dict[str, str] = {}

    def paste(self, text: str) -> None:
        """Execute several lines, such as a pasted part of a file. Raises Leave."""
        lines = LineJoiner()
        for line in text.splitlines():
            for one in lines.feed(line):
                self.do(one)
        for one in lines.flush():
            self.do(one)

    def do(self, line: str) -> None:
        """Execute a command, a row or a key. Errors are reported and change nothing. Raises Leave."""
        line = line.strip()
        if not line or line.startswith("#"):
            return
        word, _, rest = line.partition(" ")
        command = COMMANDS.get(word.rstrip("!"))
        try:
            if command is not None:
                command.run(self, ("! " if word.endswith("!") else "") + rest.strip())
            else:
                self.answer(self.session.say(line))
        except Refused as fault:
            self.complain(_hint(str(fault), word))
        except CannotEdit as fault:
            self.complain(str(fault))
        except SpecError as error:
            self.complain("\n".join(texts_of(error.problems)))
        except OSError as error:
            self.complain(f"{error.filename or 'the file'}: {error.strerror or error}")
        except KeyboardInterrupt:
            if self.ask is None:
                raise
            output.say("interrupted; the network is unchanged\n")
        except Leave:
            raise
        except Exception as error:
            # A bug in cnncalc must not end the session.
            say_fault(error)
            self.status = FAULT

    def complain(self, text: str) -> None:
        """Print an error on stdout, in order with the answers."""
        self.status = max(self.status, PROBLEMS)
        for line in text.splitlines():
            output.say_rows([[("error: ", "error"), (line.removeprefix("error: "), "")]])

    def answer(self, answer: Answer) -> None:
        """Print the rows that are new or changed, and their problems."""
        from cnncalc.report import answer as report

        network = self.session.network
        if not answer.changed:
            output.say("nothing has changed: the network already has this\n")
            return
        if network is None:
            output.say(f"input {self.session.output}\n" if self.session.output else "there are no rows\n")
            return
        shown = answer.rows
        if len(shown) > _SHOWN:
            shown = shown[:_SHOWN]
        output.say_rows(report.rows(network, shown, output.width()))
        if len(answer.rows) > len(shown):
            output.say(f"  and {len(answer.rows) - len(shown)} more rows\n")
        if len(answer.rows) != 1:
            self.total()
        for problem in texts_of(answer.problems):
            output.say_rows([[("  " + problem, "")]])

    def total(self) -> None:
        """Print the totals and the output on one line."""
        network = self.session.network
        if network is None:
            output.say(f"input {self.session.output or 'not set yet'}, no rows\n")
            return
        from cnncalc.report import words

        output.say(
            f"  {words.plural(len(self.session.names), 'row')}, {words.total(network, 'parameters')} parameters, "
            f"{words.total(network, 'macs')} MACs, output {self.session.output}\n"
        )

    def confirmed(self, question: str, otherwise: str) -> None:
        """Ask a question. Raises Refused if the answer is not yes, and with the message `otherwise` in a script."""
        if self.ask is None:
            raise Refused(otherwise)
        if not self.ask(question):
            raise Refused("nothing was done")


_SHOWN = 12


def _hint(message: str, word: str) -> str:
    """`message`, with a similar command as a suggestion if `word` is neither a kind nor a command."""
    if "no layer kind" in message or "neither a row nor a command" in message:
        near = nearest(word, COMMANDS)
        if near is not None and "did you mean" not in message:
            return f"{message} (or the command {near}?)"
    return message


def _network(shell: Shell) -> Network:
    if shell.session.network is None:
        raise Refused("there are no rows yet; type one, for example conv: 10, kernel_size: 5")
    return shell.session.network


def _help(shell: Shell, rest: str) -> None:
    from cnncalc.report.network.table import wrapped

    if rest:
        command = COMMANDS.get(rest)
        if command is None:
            raise Refused(f"there is no command {rest}{did_you_mean(rest, COMMANDS)}")
        output.say(f"{command.usage}\n  {command.about}\n")
        return
    output.say("Type rows as in YAML:  conv: 64, kernel_size: 3   relu   maxpool: 2   fc: 10\n")
    output.say("and keys of the file:  input: 32x32x3   name: Mine   fit: floor\n\n")
    width = max(len(command.usage) for command in COMMANDS.values())
    room = output.width()
    for command in COMMANDS.values():
        lines = wrapped(command.about, None if room is None else max(20, room - width - 4))
        output.say(f"  {command.usage.ljust(width)}  " + ("\n" + " " * (width + 4)).join(lines) + "\n")


def _show(shell: Shell, rest: str) -> None:
    from cnncalc.report.network.columns import NAMES, choose
    from cnncalc.report.network.table import table

    network = _network(shell)
    try:
        columns = choose(rest.replace(",", " ").split())
    except KeyError as unknown:
        raise Refused(f"there is no column {unknown.args[0]}{did_you_mean(str(unknown.args[0]), [*NAMES, 'all'])}") from None
    output.say_rows(table(network, columns, width=output.width()))
    for problem in texts_of(network.problems):
        output.say(f"{problem}\n")


def _set(shell: Shell, rest: str) -> None:
    target, equals, value = rest.partition("=")
    if not equals or not target.strip() or not value.strip():
        raise Refused("write set conv1.stride=2, or set width=0.5 for a var")
    shell.answer(shell.session.set(target.strip(), value.strip()))


def _undo(shell: Shell, rest: str) -> None:
    shell.session.undo()
    shell.total()


def _redo(shell: Shell, rest: str) -> None:
    shell.session.redo()
    shell.total()


def _delete(shell: Shell, rest: str) -> None:
    shell.session.delete(rest or _last(shell))
    shell.total()


def _last(shell: Shell) -> str:
    names = shell.session.names
    if not names:
        raise Refused("there are no rows yet")
    return names[-1]


def _insert(shell: Shell, rest: str) -> None:
    before, _, row = rest.partition(" ")
    if not row.strip():
        raise Refused("write insert conv2 relu: the name of a row, and the row to insert before it")
    shell.answer(shell.session.insert(before, row.strip()))


def _move(shell: Shell, rest: str) -> None:
    words = rest.split()
    if len(words) != 2:
        raise Refused("write move conv2 conv1: the row to move, and the row to move it before, or end")
    shell.answer(shell.session.move(*words))


def _why(shell: Shell, rest: str) -> None:
    from cnncalc.report import single

    network = _network(shell)
    name = rest or _last(shell)
    try:
        node = network[name]
    except KeyError as unknown:
        raise Refused(str(unknown.args[0])) from None
    output.say_rows(single.rows(network, node, output.width()))
    for problem in texts_of(p for p in network.problems if p.layer == node.name):
        output.say(f"\n{problem}\n")


def _solve(shell: Shell, rest: str) -> None:
    first, *more = split(rest) or [""]
    network = shell.session.network
    if network is not None and first not in KINDS and first in network:
        _other(shell, "solve", ["--as-row", *open_words(network[first], network.layout, more), "--layout", network.layout])
        return
    usage = "write solve conv=10 kernel_size=5 --output 28x28 for the next layer, or solve conv1 for one of the network"
    _onto(shell, "solve", f"--as-row {rest}" if rest else "", usage)


def _layer(shell: Shell, rest: str) -> None:
    _onto(shell, "layer", rest, "write layer conv=10 kernel_size=5 to try a layer on the current output")


def _onto(shell: Shell, name: str, rest: str, usage: str) -> None:
    """Run `layer` or `solve` on the current output."""
    if not shell.session.output:
        raise Refused("set the input first, for example input: 32x32x3")
    if not rest:
        raise Refused(usage)
    given, layout = shell.session.onward
    _other(shell, name, [*given, *split(rest), "--layout", layout])


def _explain(shell: Shell, rest: str) -> None:
    _other(shell, "explain", rest.split() or ["--list"])


def _sizes(shell: Shell, rest: str) -> None:
    from cnncalc.build.reading import Source
    from cnncalc.cli.sizes import tell
    from cnncalc.studies.oracle import Oracle

    _network(shell)
    if rest and not (rest.isdecimal() and len(rest) <= 6):
        raise Refused("write sizes, or sizes 2000 to try sizes up to 2000")
    tell(Oracle(Source(shell.session.file, text=shell.session.text)), int(rest) if rest else None)


def _run(shell: Shell, rest: str) -> None:
    network = _network(shell)
    errors = [problem for problem in network.problems if problem.level == "error"]
    if errors:
        raise Refused("\n".join(texts_of(errors)))
    stem = os.path.splitext(os.path.basename(shell.session.file or "network"))[0]
    with files.as_file(shell.session.text, f"{stem}.yaml") as file:
        _other(shell, "run", [file, *split(rest)])


def _other(shell: Shell, name: str, words: list[str]) -> None:
    """Run another command of cnncalc in this process. If it fails, the script fails too."""
    from cnncalc.cli.app import Commands, app

    group = Commands(name="cnncalc")
    assert app is not None
    command = group.get_command(None, name)
    try:
        command.main(args=words, prog_name=name)
    except SystemExit as end:
        if end.code not in (OK, None):
            shell.status = max(shell.status, FAULT if end.code == FAULT else PROBLEMS)


def _save(shell: Shell, rest: str) -> None:
    session = shell.session
    forced = rest.startswith("!")
    path = os.path.expanduser(rest.lstrip("! ").strip() or session.file or "")
    if not session.text.strip():
        raise Refused("there is nothing to save yet")
    if not path:
        raise Refused("write save FILE, for example save mine.yaml")
    files.check_path(path)
    if os.path.isdir(path):
        raise Refused(f"{path} is a folder")
    if os.path.lexists(path) and not forced and not files.still(path, shell.written.get(os.path.abspath(path))):
        shell.confirmed(f"{path} exists already; overwrite it?", f"{path} exists already; save! {path} overwrites it")
    text = session.text if session.text.endswith("\n") else session.text + "\n"
    with write_atomically(path) as stream:
        stream.write(text.encode("utf-8"))
    session.text = session.saved = text
    session.file = path
    shell.written[os.path.abspath(path)] = text
    errors = sum(problem.level == "error" for problem in session.problems)
    beside = f", with {errors} error{'s' if errors != 1 else ''}" if errors else ""
    if session.network is None:
        beside = "; it has no rows yet, so it is not a network"
    output.say(f"saved {path}{beside}\n")


def _load(shell: Shell, rest: str) -> None:
    from cnncalc.bundled import resolve
    from cnncalc.network import text_of

    forced = rest.startswith("!")
    name = os.path.expanduser(rest.lstrip("! ").strip())
    if not name or name == "-":
        raise Refused("write load FILE, or the name of a bundled network: load alexnet")
    files.check_path(name)
    if shell.session.unsaved and not forced:
        shell.confirmed("the network is not saved; discard it?", f"the network is not saved; load! {name} discards it")
    try:
        file = resolve(name)
        converted = converted_text(file, shell.input)
        shell.session.load(text_of(file) if converted is None else converted, file if converted is None else None)
    except SpecError as error:
        raise Refused("\n".join(told(problem, name) for problem in error.problems)) from None
    if converted is None and shell.input:
        shell.do(f"input: {input_value(shell.input, shell.session.network)}")
    shell.input = ()
    shell.total()
    for problem in texts_of(shell.session.problems):
        output.say(f"  {problem}\n")


def _quit(shell: Shell, rest: str) -> None:
    if shell.session.unsaved and not rest.startswith("!") and shell.ask is not None:
        shell.confirmed("the network is not saved; leave without saving?", "")
    raise Leave


COMMANDS = {
    "help": Command("help [COMMAND]", "List the commands, or explain one.", _help),
    "show": Command("show [COLUMNS]", "Show the table, with more columns such as macs or input.", _show),
    "set": Command(
        "set NAME.FIELD=VALUE",
        "Set a field (conv1.stride=2), a field of several rows (*.bias=false), or a var or key (width=0.5).",
        _set,
    ),
    "undo": Command("undo", "Undo the last change.", _undo),
    "redo": Command("redo", "Redo the last undone change.", _redo),
    "delete": Command("delete [NAME]", "Delete a row; default: the last row.", _delete),
    "insert": Command("insert NAME ROW", "Insert a row before the row NAME.", _insert),
    "move": Command("move NAME NAME|end", "Move a row before another, or to the end.", _move),
    "why": Command("why [LAYER]", "Show how a layer's output and parameters are computed; default: the last row.", _why),
    "layer": Command("layer KIND=VALUE ...", "Try a layer on the current output without adding it.", _layer),
    "solve": Command(
        "solve KIND=VALUE ...", "Find fields that fit the current output, or other fields of a row: solve conv1.", _solve
    ),
    "sizes": Command("sizes [MAX]", "Find the input sizes on which the network works.", _sizes),
    "explain": Command("explain [NAME]", "Explain a rule, a layer kind, a field or a figure.", _explain),
    "run": Command("run", "Run the forward pass on random numbers.", _run),
    "save": Command("save [FILE]", "Write the spec; save! overwrites a file without asking.", _save),
    "load": Command("load FILE", "Load a spec; load! discards unsaved changes without asking.", _load),
    "quit": Command("quit", "Leave the shell, as Ctrl-D does.", _quit),
}
if find_spec("cnncalc.cli.run") is None:
    del COMMANDS["run"]
COMMANDS["exit"] = COMMANDS["quit"]._replace(usage="exit")
