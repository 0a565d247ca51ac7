"""`cnncalc shell`: as a script from a pipe, and typed on a pseudo-terminal."""

import os
import pty
import select
import signal
import subprocess
import time

import pyte
import pytest

from cnncalc.cli.shell.commands import COMMANDS, Shell
from cnncalc.cli.shell.complete import words
from cnncalc.network import load
from tests.cli.command import CNNCALC, HANG, environment, run

FROM_NOTHING = """\
# an image of CIFAR-10
input: 32x32x3
conv: 10, kernel_size: 5, padding: 2
relu
maxpool: 2
fc: 10
softmax
"""


@pytest.fixture
def shell():
    return Shell()


def do(shell, capsys, *lines):
    """Return the output for typed lines."""
    capsys.readouterr()
    for line in lines:
        shell.do(line)
    return capsys.readouterr().out


def test_a_network_from_nothing(tmp_path):
    """Designed in a script, saved, shown: (5·5·3 + 1)·10 + (16·16·10 + 1)·10 parameters."""
    result = run("shell", stdin=FROM_NOTHING + f"save {tmp_path}/mine.yaml\n")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "input 32x32x3"
    assert lines[1].split() == ["conv1", "conv", "10", "×", "5×5,", "pad", "2", "32x32x10", "760"]
    assert lines[4].split() == ["fc1", "fc", "10", "10", "25,610"]
    network = load(tmp_path / "mine.yaml")
    assert (network.problems, network.parameters) == ([], 26370)
    assert run("show", str(tmp_path / "mine.yaml")).returncode == 0


def test_errors_lose_nothing(shell, capsys):
    do(shell, capsys, *FROM_NOTHING.splitlines())
    text = shell.session.text
    for line in (
        "cnov: 3", "conv: 0, kernel_size: 3", "conv: 3, kernl: 2", "{conv: 3", "[1, 2]", "set conv1.stride=x", "set conv9.stride=1", "set x=1",
        "delete nothing", "insert relu1", "move relu1", "move relu1 nowhere", "why nothing", "show nothing", "layers: [relu]", "input: 3xx",
        "blocks: 3", "load nowhere.yaml", "save", "solve", "solve conv=3 kernl=2", "what is this", "relu: 3", "add: nothing", "\x00", "name:", "- ",
    ):  # fmt: skip
        printed = do(shell, capsys, line)
        assert shell.session.text == text, line
        assert printed.startswith("error: ") or line.startswith("solve conv"), line
    assert shell.status == 1


def test_every_change_is_undone_and_redone(shell, capsys):
    do(shell, capsys, *FROM_NOTHING.splitlines())
    states = [shell.session.text]
    for line in (
        "set conv1.stride=2",
        "set conv1.padding=1",
        "insert fc1 dropout",
        "move dropout1 end",
        "delete softmax1",
        "fit: floor",
        "set fc1.units=5",
    ):
        do(shell, capsys, line)
        assert shell.session.text != states[-1], line
        states.append(shell.session.text)
    for state in reversed(states[:-1]):
        do(shell, capsys, "undo")
        assert shell.session.text == state
    for state in states[1:]:
        do(shell, capsys, "redo")
        assert shell.session.text == state
    assert do(shell, capsys, "redo") == "error: there is nothing to redo\n"
    do(shell, capsys, *["undo"] * 30)
    assert shell.session.text == ""


def test_rows_that_are_called_otherwise_behind_one_put_in_are_shown(shell, capsys):
    do(shell, capsys, "input: 8x8x3", "conv: 4, kernel_size: 3", "relu", "conv: 4, kernel_size: 3", "relu")
    printed = do(shell, capsys, "insert conv2 conv: 4, kernel_size: 1")
    assert [line.split()[0] for line in printed.splitlines()] == ["conv2", "conv3", "5"]
    # The other relu keeps its number, and is what it was.
    assert "5 rows" in printed


def test_a_misfit_is_taken_and_said(shell, capsys):
    printed = do(shell, capsys, "input: 7x7x3", "conv: 1, kernel_size: 3, stride: 3")
    assert "✗ conv1" in printed
    assert (
        "error: conv1 does not fit: (7 − 3 + 2·0)/3 + 1 = 2.33, the last row and column are never read; try padding 1" in printed
    )
    assert "error" not in do(shell, capsys, "set conv1.padding=1")
    assert "(7 − 3 + 2·1)/3 + 1 = 3" in do(shell, capsys, "why")


def test_blocks_branches_and_inner_rows(shell, capsys):
    do(
        shell, capsys,
        "input: 8x8x4", "vars: {width: 4}",
        "blocks: {unit: {parameters: {out: }, layers: [{conv: \"${out}\", kernel_size: 3, padding: 1}, relu]}}",
        "block: unit, out: \"${width}\", name: first",
        "branches: {a: [{block: unit, out: 4}], b: []}, merge: add",
    )  # fmt: skip
    assert shell.session.names == ["first", "add1"]
    printed = do(shell, capsys, "set first.conv1.kernel_size=5")
    # The row stands in the block, and is the same in both uses.
    assert printed.count("5×5, pad 1") == 2
    assert "error: " in printed  # 6x6 beside 4x4: branch b is the input itself
    do(shell, capsys, "undo", "set width=2")
    assert shell.session.network["first.conv1"].shape[-1] == 2


def test_a_loaded_file_keeps_comments_and_layout(shell, capsys, tmp_path):
    text = "# mine\nname: N   # its name\ninput: 8x8x1\nlayers:\n  # one\n  - {conv: 2, kernel_size: 3}   # three\n  - relu\n"
    file = tmp_path / "a.yaml"
    file.write_text(text)
    do(shell, capsys, f"load {file}", "set conv1.stride=1", "tanh", f"save {tmp_path}/b.yaml")
    expected = text.replace("2, k", "2, stride: 1, k") + "  - tanh\n"
    assert (tmp_path / "b.yaml").read_text() == expected
    assert file.read_text() == text


def test_no_file_is_overwritten_without_being_asked(shell, capsys, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("precious")
    do(shell, capsys, "input: 8x8x1", "relu")
    assert do(shell, capsys, f"save {file}") == f"error: {file} exists already; save! {file} overwrites it\n"
    assert file.read_text() == "precious"
    asked = []
    shell.ask = lambda question: bool(asked.append(question))
    do(shell, capsys, f"save {file}")
    assert (file.read_text(), asked) == ("precious", [f"{file} exists already; overwrite it?"])
    shell.ask = lambda question: True
    do(shell, capsys, f"save {file}")
    assert file.read_text() == shell.session.text
    # Its own file again without asking, until somebody else has written there.
    shell.ask = None
    do(shell, capsys, "tanh", "save")
    assert file.read_text() == shell.session.text
    file.write_text("theirs")
    assert "exists already" in do(shell, capsys, "relu", "save")
    assert file.read_text() == "theirs"
    do(shell, capsys, f"save! {file}")
    assert file.read_text() == shell.session.text
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_load_asks_for_what_is_not_saved(shell, capsys):
    do(shell, capsys, "input: 8x8x1", "relu")
    assert "the network is not saved; load! lenet5" in do(shell, capsys, "load lenet5")
    assert "61,706 parameters" in do(shell, capsys, "load! lenet5")
    do(shell, capsys, "undo")
    assert shell.session.names == ["relu1"]


def test_other_commands(shell, capsys):
    do(shell, capsys, "load unet")
    assert "16·n + 188, from 188" in do(shell, capsys, "sizes")
    assert "31,030,658" in do(shell, capsys, "show macs")
    assert "MACs" in do(shell, capsys, "show macs").splitlines()[3]
    printed = do(shell, capsys, "solve conv=4 kernel_size=3 stride=1 --output 388x388")
    assert printed.endswith("the first one: conv: 4, kernel_size: 3, stride: 1, padding: 1\n")
    assert "388x388x4" in do(shell, capsys, "layer conv=4 F=3 P=1")
    for name, command in COMMANDS.items():
        assert command.usage in do(shell, capsys, "help")
        assert command.about in do(shell, capsys, f"help {name}")


def test_status_of_a_script():
    assert run("shell", stdin="input: 7x7x1\nrelu\n").returncode == 0
    assert run("shell", stdin="input: 7x7x1\nrelu\ncnov: 3\n").returncode == 1
    assert run("shell", stdin="input: 7x7x1\nmaxpool: 2\n").returncode == 1
    assert run("shell", stdin="input: 7x7x1\nrelu\nquit\nrubbish\n").returncode == 0
    assert run("shell", "nowhere.yaml", stdin="").returncode == 2
    assert run("shell", stdin="").returncode == 0
    assert run("shell", stdin=b"\xff\xfe\n", PYTHONIOENCODING="utf-8:strict").returncode == 2
    ascii_only = run("shell", stdin="input: 7x7x1\nconv: 2, kernel_size: 3\n", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "conv 2 x 3x3" in ascii_only.stdout


COMPLETIONS = [
    ("co", {"conv: ", "concat: ", "conv_transpose: ", "conv_lstm: ", "cos"}),
    ("conv: 3, ker", {"kernel_size: "}),
    ("conv: 3, padding: sa", {"same"}),
    ("conv: 3, bias: ", {"true", "false"}),
    ("set con", {"conv1."}),
    ("set conv1.st", {"stride="}),
    ("delete re", {"relu1"}),
    ("move relu1 e", {"end"}),
    ("why f", {"fc1"}),
    ("sav", {"save"}),
    ("inp", {"input: "}),
    ("show ma", {"macs", "macs_per_parameter"}),
    ("solve conv=3 str", {"stride="}),
    ("help und", {"undo"}),
    ("add: re", {"relu1"}),
    ("- {conv: 3, ker", {"kernel_size: "}),
    ("budget: {peak", {"peak_memory: "}),
    ("insert relu1 conv: 3, padding: va", {"valid"}),
]


@pytest.mark.parametrize(("before", "expected"), COMPLETIONS)
def test_completion(shell, capsys, before, expected):
    do(shell, capsys, *FROM_NOTHING.splitlines())
    _, found = words(before, shell.session)
    assert set(found) == expected


class Terminal:
    """The program on a pseudo-terminal of 100 × 40 cells, and what it shows."""

    def __init__(self, folder, *args):
        self.screen = pyte.Screen(100, 40)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            import fcntl
            import struct
            import termios

            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
            os.chdir(folder)
            more = {
                "HOME": str(folder),
                "XDG_STATE_HOME": str(folder / "state"),
                "PYTHONPATH": os.pathsep.join(__import__("sys").path),
            }
            os.execve(CNNCALC[0], [*CNNCALC, "shell", *args], environment(**more))

    def read(self):
        """Takes what has been written; False at the end."""
        ready, _, _ = select.select([self.fd], [], [], 0.05)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        if b"\x1b[6n" in data:
            # The program asks where the cursor stands, as terminals answer.
            os.write(self.fd, f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R".encode())
        self.stream.feed(data)
        return bool(data)

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, printed, seconds=HANG):
        """Reads until `printed` stands on the screen."""
        end = time.monotonic() + seconds
        while printed not in self.text:
            assert time.monotonic() < end, f"{printed!r} is not in\n{self.text}"
            if not self.read():
                assert printed in self.text, self.text
        return self.text

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self, seconds=HANG):
        """The exit status, once it has left."""
        end = time.monotonic() + seconds
        while self.read() and time.monotonic() < end:
            pass
        done, status = os.waitpid(self.pid, os.WNOHANG if time.monotonic() >= end else 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status) if done else None


@pytest.fixture
def terminal(tmp_path):
    begun = []

    def begin(*args):
        begun.append(Terminal(tmp_path, *args))
        return begun[-1]

    yield begin
    for one in begun:
        try:
            os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_a_session_on_a_terminal(terminal, tmp_path):
    """Type, complete, undo, interrupt, save, leave: nothing is lost on the way."""
    (tmp_path / "old.yaml").write_text("precious")
    session = terminal()
    session.until("cnncalc>")
    session.type("input: 32x32x3\r")
    session.until("32x32x3>")
    # The tab key completes kind and field.
    session.type("conv_t\t")
    session.until("conv_transpose:")
    session.type("\x15conv: 10, ker\t")
    session.until("kernel_size:")
    session.type("5, padding: ")
    session.until("padding:")
    session.type("2\r")
    session.until("32x32x10>")
    assert "760" in session.text
    session.type("maxpool: 2\r")
    session.until("16x16x10>")
    session.type("undo\r")
    session.until("1 row, 760 parameters")
    # An interrupt in the middle of a line drops the line and keeps the network.
    session.type("maxpool: 3, str\x03")
    session.until("discarded: maxpool: 3, str; the network is unchanged")
    session.type("why\r")
    session.until("(5·5·3 + 1)·10 = 760")
    session.type("save old.yaml\r")
    session.until("overwrite it? [y/N]")
    session.type("n\r")
    # Keys that come before the prompt are not its own.
    session.until("nothing was done\n32x32x10>")
    assert (tmp_path / "old.yaml").read_text() == "precious"
    # Leaving asks where something is not saved; an interrupt of the question stays.
    session.type("\x04")
    session.until("leave without saving? [y/N]")
    session.type("\x03")
    session.type("save new.yaml\r")
    session.until("saved new.yaml\n32x32x10>")
    session.type("\x04")
    assert session.end() == 0
    assert load(tmp_path / "new.yaml").parameters == 760


def test_what_was_typed_is_remembered_in_the_next_session(terminal, tmp_path):
    first = terminal()
    first.until("cnncalc>")
    first.type("input: 5x5x1\r")
    first.until("5x5x1>")
    first.type("quit\r")
    first.until("leave without saving? [y/N]")
    first.type("y\r")
    assert first.end() == 0
    second = terminal("lenet5")
    second.until("10>")
    second.type("\x1b[A\x1b[A")
    second.until("> input: 5x5x1")
    second.type("\x15\x04")
    assert second.end() == 0


def test_expectations_of_a_changed_file_are_skipped_beside_a_stride_that_does_not_fit():
    """(32 − 5)/2 + 1 = 14.5: the problem has advice on the input, and LeNet-5 expects 28x28x6 of this layer."""
    done = run("shell", "lenet5", stdin="set C1.stride=2\nshow\n")
    assert "= 14.5, the last row and column are never read" in done.stdout
    assert "expect not checked" in done.stdout
    assert "is expected" not in done.stdout


@pytest.mark.parametrize("typed", ["C1.stride=2", "C1.stride: 2", "*.stride=2"])
def test_a_change_without_its_command(typed):
    done = run("shell", "lenet5", stdin=f"{typed}\n")
    assert done.returncode == 1
    assert f"error: did you mean set {typed.replace(': ', '=')}?" in done.stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("input 32x32x3", "input: 32x32x3"), ("conv 10 kernel_size=5, padding=2", "conv: 10, kernel_size: 5, padding: 2")],
)
def test_a_row_without_its_colon(typed, meant):
    done = run("shell", stdin=f"{typed}\n")
    assert done.returncode == 1
    assert done.stdout == f"error: {typed.split()[0]} needs a colon; did you mean {meant}?\n"


FILE = """\
# a network as people keep it
name: Pasted
input: 8x8x3
vars: {width: 4}
blocks:
  unit:
    parameters: {out: }
    layers:
    - {conv: "${out}", kernel_size: 3,
       padding: 1}
    - relu

layers:
- block: unit
  out: "${width}"
  name: first
- branches:
    a:
      - {conv: 4, kernel_size: 1}
    b: []
  merge: add
-
  maxpool: 2
  # in the middle of a row
  stride: 2
- fc: 10
"""


def test_a_file_as_a_script():
    done = run("shell", stdin=FILE + "show\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "error" not in done.stdout
    # (3·3·3 + 1)·4, (4 + 1)·4 and (4·4·4 + 1)·10
    assert f"MACs, {112 + 20 + 650} parameters, " in done.stdout
    assert "Pasted" in done.stdout


def test_a_file_that_is_pasted(shell, capsys, tmp_path):
    do(shell, capsys)
    shell.paste(FILE + f"save {tmp_path}/a.yaml\n")
    printed = capsys.readouterr().out
    assert "error" not in printed
    assert shell.session.names == ["first", "add1", "maxpool1", "fc1"]
    assert load(tmp_path / "a.yaml").parameters == 782
    # Rows with dashes alone, behind what is there.
    shell.paste("  - relu\n  - {fc: 3}\n")
    assert shell.session.names == ["first", "add1", "maxpool1", "fc1", "relu1", "fc2"]


def test_rows_pasted_into_a_terminal(terminal):
    session = terminal()
    session.until("cnncalc>")
    session.type("\x1b[200~input: 8x8x3\n- conv: 4\n  kernel_size: 3\n- relu\n- maxpool: 2\n\x1b[201~\r")
    session.until("3x3x4>")
    assert "conv 4 × 3×3" in session.text
    session.type("\x04")
    session.until("leave without saving?")


def test_expectations_of_the_file_are_skipped_once_it_is_changed(shell, capsys):
    printed = do(shell, capsys, "load lenet5", "set C1.conv=8")
    assert "expect" not in printed.replace("expected", "expect") or "skipped" in printed
    assert [p.rule for p in shell.session.problems] == []
    assert "expect" in do(shell, capsys, "show")
    do(shell, capsys, "undo")
    assert [p.rule for p in shell.session.problems] == []
    # An expectation that is typed is checked.
    assert "error: " in do(shell, capsys, "set C1.expect=5x5x5")


def test_a_field_of_several_rows(shell, capsys):
    do(shell, capsys, "input: 9x9x3", "conv: 4, kernel_size: 3", "batchnorm", "conv: 4, kernel_size: 3", "fc: 2")
    text = shell.session.text
    printed = do(shell, capsys, "set *.bias=false")
    assert [node.layer.bias for node in shell.session.network.layers if node.kind != "batchnorm"] == [False] * 3
    assert printed.count("no bias") == 3
    do(shell, capsys, "undo")
    assert shell.session.text == text
    assert "no layer that r* matches has a field bias" in do(shell, capsys, "set r*.bias=false")
    do(shell, capsys, "set conv?.filters=5")
    assert [node.shape.channels for node in shell.session.network.layers] == [5, 5, 5, 2]


def test_a_set_that_changes_nothing_takes_no_step_back(shell, capsys):
    do(shell, capsys, "input: 9x9x3", "conv: 4, kernel_size: 3")
    assert "nothing has changed" in do(shell, capsys, "set conv1.kernel_size=3")
    do(shell, capsys, "undo")
    assert shell.session.names == []


def test_why_of_a_layer_that_shares_weights(shell, capsys):
    do(shell, capsys, "input: 8x8x3", "conv: 3, kernel_size: 3, name: a", "conv: 3, kernel_size: 3, share: a")
    # (3·3·3 + 1)·3 = 84
    assert "0, it uses the 84 of a" in do(shell, capsys, "why conv2")


def test_solve_takes_a_layer_of_the_network_by_its_name(shell, capsys):
    do(shell, capsys, "input: 32x32x3", "conv: 6, kernel_size: 5, dilation: 2, bias: false, name: first", "{maxpool: 2}")
    # With F 5 and D 2 a window spans 9 cells: (32 − 9 + 2·4)/1 + 1 = 32; no biases, 5·5·3·6 = 450 parameters.
    printed = do(shell, capsys, "solve first kernel_size=5 --output 32x32")
    assert "450" in printed
    assert printed.endswith("the first one: conv: 6, kernel_size: 5, stride: 1, padding: 4, dilation: 2, bias: false\n")
    # The pool reads 24x24, the result of the convolution: (24 − 4)/4 + 1 = 6.
    assert do(shell, capsys, "solve maxpool1 F=4 P=0 --output 6x6").endswith("the first one: maxpool: 4, stride: 4, padding: 0\n")


def test_solve_answers_with_a_row(shell, capsys):
    do(shell, capsys, "input: 32x32x3")
    printed = do(shell, capsys, "solve conv=10 F=5 S=2")
    row = printed.splitlines()[-1].removeprefix("the first one: ")
    assert row == "conv: 10, kernel_size: 5, stride: 2, padding: [[0,1],[0,1]]"
    assert "15x15x10" in do(shell, capsys, row)


def test_an_error_is_said_once(shell, capsys):
    assert do(shell, capsys, "load nope.yaml") == "error: nope.yaml: there is no such file [file]\n"


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("relu 3", "relu takes no value; write relu"),
        ("conv 64 3x3 stride 2", "conv needs a colon; did you mean conv: 64, kernel_size: 3x3, stride: 2?"),
        ("maxpool 2 stride=2", "maxpool needs a colon; did you mean maxpool: 2, stride: 2?"),
        ("fc ten", "fc needs a colon; write fc: 10"),
    ],
)
def test_suggestions_are_rows(shell, capsys, typed, printed):
    assert do(shell, capsys, "input: 9x9x3", typed) == f"input 9x9x3\nerror: {printed}\n"
    row = printed.rpartition("mean " if "mean" in printed else "write ")[2].rstrip("?")
    assert not do(shell, capsys, row).startswith("error")


@pytest.mark.parametrize("line", ['run "abc', "sizes " + "9" * 5000, "load a\0b", "save a\0b", 'layer "conv=3', "explain \0"])
def test_lines_that_once_ended_the_session(shell, capsys, line):
    do(shell, capsys, "input: 9x9x3", "relu")
    assert "has failed" not in do(shell, capsys, line) + capsys.readouterr().err
    assert (shell.status, shell.session.names) == (1, ["relu1"])


def test_a_fault_of_cnncalc_does_not_end_the_session(shell, capsys, monkeypatch):
    monkeypatch.setattr("cnncalc.cli.shell.session.Session.undo", lambda self: 1 / 0)
    do(shell, capsys, "input: 9x9x3", "relu", "undo")
    assert (shell.status, shell.session.names) == (3, ["relu1"])


@pytest.mark.parametrize("line", ["run --nonsense", "layer maxpool=2 S=3", "explain nothing", "solve conv=2 F=3 --output 99x99"])
def test_a_script_whose_command_fails(line):
    assert run("shell", stdin=f"input: 9x9x3\nrelu\n{line}\n").returncode == 1


def test_without_a_home_folder():
    code = (
        "import os, pathlib\nos.environ.pop('HOME', None); os.environ.pop('XDG_STATE_HOME', None)\n"
        "def home(): raise RuntimeError('no home')\npathlib.Path.home = home\n"
        "from cnncalc.cli.shell.prompt import _history\nprint(type(_history()).__name__)"
    )
    done = subprocess.run([CNNCALC[0], "-c", code], capture_output=True, text=True, env=environment(), check=False, timeout=HANG)
    assert (done.stdout, done.stderr) == ("InMemoryHistory\n", "")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_session_that_is_ended_from_outside_saves_what_was_not_saved(terminal, tmp_path, number):
    (tmp_path / "mine.yaml").write_text("input: 9x9x3\nlayers:\n  - relu\n")
    session = terminal("mine.yaml")
    session.until("9x9x3>")
    session.type("maxpool: 3\r")
    session.until("3x3x3>")
    os.kill(session.pid, number)
    assert session.end() == 128 + number
    assert load(tmp_path / "mine.unsaved.yaml").layers[-1].kind == "maxpool"
    assert (tmp_path / "mine.yaml").read_text() == "input: 9x9x3\nlayers:\n  - relu\n"


def test_a_saved_session_that_is_ended_from_outside_leaves_no_file(terminal, tmp_path):
    (tmp_path / "mine.yaml").write_text("input: 9x9x3\nlayers:\n  - relu\n")
    session = terminal("mine.yaml")
    session.until("9x9x3>")
    os.kill(session.pid, signal.SIGTERM)
    assert session.end() == 143
    assert not list(tmp_path.glob("*unsaved*"))
