"""Exit statuses, as the contract has them, and that nothing but what belongs there is said."""

import os
import signal
import subprocess
import sys

import pytest

from tests.cli.command import CNNCALC, HANG, ROOT, environment, run

GOOD = "input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3}]\n"
MISFIT = "input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3, stride: 2}]\n"


def test_no_problem_is_0():
    done = run("show", "-", stdin=GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    assert "conv1" in done.stdout


def test_problems_are_1_and_stand_below_the_table():
    done = run("show", "-", stdin=MISFIT)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].startswith("-:2:11: error: conv1 does not fit: (8 − 3 + 2·0)/2 + 1 = 3.5, ")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_problems_leave_stdout_for_programs(form):
    import csv
    import io
    import json

    done = run("show", "-", "--format", form, stdin=MISFIT)
    assert done.returncode == 1
    if form == "csv":
        assert [row["output"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["3x3x4"]
        assert "[stride-fit]" in done.stderr
    else:
        assert [problem["rule"] for problem in json.loads(done.stdout)["problems"]] == ["stride-fit"]
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["show", "nosuch/network.yaml"], "nosuch/network.yaml: error: there is no such file [file]"),
        (["show", "tests"], "tests: error: this is a folder, not a file; cnncalc check validates the files of a folder [file]"),
        (["show", "alexne"], "alexne: error: there is no such file, and no bundled network of that name; did you mean alexnet?"),
        (["show", "quite-unlike"], "`cnncalc specs` lists the bundled networks [file]"),
        (["show", "alexnet.yaml"], "alexnet.yaml: error: there is no such file here; the bundled network is called alexnet"),
        (["show", ""], "error: there is no such file"),
        (["show", "tests/bad/binary.yaml"], "tests/bad/binary.yaml"),
        (["show", "tests/bad/empty-file.yaml"], "tests/bad/empty-file.yaml:1:1: error: the file is empty"),
        (["show", "alexnet", "--set", "conv9.stride=2"], "error: --set conv9.stride=2: there is no layer conv9; did you mean conv"),
        (["show", "alexnet", "--set", "conv1"], "--set takes NAME=VALUE"),
        (["show", "alexnet", "--input", "227by227"], "error: --input 227by227: a shape is written like 32x32x3"),
        (["show"], "Missing argument 'SPEC...'"),
        (["sho", "alexnet"], "Error: there is no command sho; did you mean show?"),
        (["help"], "there is no command help; did you mean cnncalc --help, or cnncalc COMMAND --help?"),
        (["lint", "."], "there is no command lint; did you mean cnncalc check?"),
        (["summary", "alexnet"], "there is no command summary; did you mean cnncalc show?"),
        (["import", "a.onnx"], "there is no command import; did you mean cnncalc show FILE, which reads ONNX"),
        (["export", "alexnet"], "there is no command export; did you mean cnncalc convert SPEC -o FILE"),
        (["a\x1b[31m\nb"], "Error: there is no command a\\x1b[31m\\nb; "),
        (["show", "--columns", "a\x1b[31m", "alexnet"], "there is no column a\\x1b[31m"),
        (["show", "alexnet", "--colums", "macs"], "No such option: --colums"),
        (["show", "alexnet", "--columns", "mac"], "there is no column mac; did you mean macs?"),
        (["show", "alexnet", "--dtype", "float"], "float is not a number type; use one of float64, float32, "),
        (["show", "alexnet", "--format", "xml"], "'xml' is not one of 'table', 'csv', 'json', 'latex', 'markdown'"),
        (["show", "alexnet", "--layout", "nchw"], "'nchw' is not one of"),
        (["show", "alexnet", "--fit", "round"], "'round' is not one of"),
        (["show", "alexnet", "--depth", "0"], "0 is not in the range x>=1"),
        (["show", "alexnet", "--depth", "1", "--format", "csv"], "csv has a row for every layer"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_at_is_2(args, said):
    done = run(*args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_worst_of_several_files_counts_and_the_others_are_shown():
    done = run("show", "lenet5", "nosuch", "specs/zfnet.yaml", "--depth", "1")
    assert done.returncode == 2
    assert "LeNet-5 · " in done.stdout
    assert "ZFNet · " in done.stdout
    assert done.stderr.count("\n") == 1


def test_an_unreadable_file_is_2(tmp_path):
    file = tmp_path / "secret.yaml"
    file.write_text(GOOD)
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("whoever runs the tests may read everything")
    done = run("show", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no permission to read this file" in done.stderr


_BROKEN = "import cnncalc.network\ndef of(*a, **k): raise ZeroDivisionError('a\\x1b[31mb')\ncnncalc.network.of = of\n"


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_fault_of_its_own_is_3_and_says_how_to_report_it(debug):
    command = [CNNCALC[0], "-c", _BROKEN + CNNCALC[2], "show", "alexnet"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment(CNNCALC_DEBUG=debug), timeout=HANG
    )
    assert (done.returncode, done.stdout) == (3, "")
    *traceback, said = done.stderr.splitlines()
    assert "ZeroDivisionError: a\\x1b[31mb" in said
    assert "please report it" in said
    assert ("Traceback (most recent call last):" in traceback) == (debug == "1")
    assert bool(traceback) == (debug == "1")


@pytest.mark.parametrize(
    "args", [["show", "densenet121", "resnet101", "googlenet", "--format", "json"], ["--help"], ["show", "--help"], ["specs"]]
)
def test_a_reader_that_goes_away_is_141_without_a_word(args):
    process = subprocess.Popen([*CNNCALC, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment())
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(HANG) == 141


def test_an_interrupt_is_130_without_a_word(tmp_path):
    fifo = tmp_path / "network.yaml"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [*CNNCALC, "show", str(fifo)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment()
    )
    with fifo.open("w"):  # waits until the command opens it too, and then the command waits for what is written
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=HANG)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_full_disk_is_said():
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*CNNCALC, "show", "alexnet"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
            timeout=HANG,
        )
    assert done.returncode == 2
    assert done.stderr == "error: the output: No space left on device\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_is_no_fault(stream):
    close = f"import os; os.close({1 if stream == 'stdout' else 2})\n"
    command = [
        CNNCALC[0],
        "-c",
        f"{close}import os, sys; os.execv(sys.executable, [sys.executable, '-c', {CNNCALC[2]!r}, *sys.argv[1:]])",
    ]
    args = ["show", "alexnet"] if stream == "stdout" else ["show", "nosuch"]
    done = subprocess.run([*command, *args], check=False, capture_output=True, cwd=ROOT, env=environment(), timeout=HANG)
    assert done.returncode == (0 if stream == "stdout" else 2)
    assert done.stdout == done.stderr == b""


def test_version_and_help():
    from cnncalc import __version__

    assert run("--version").stdout == f"cnncalc {__version__}\n"
    for args in (["--help"], ["show", "--help"], ["specs", "--help"], ["-h"]):
        done = run(*args)
        assert done.returncode == 0
        assert "Example: cnncalc " in done.stdout


def test_without_arguments_the_help_is_shown_as_wrong_usage():
    done = run()
    assert done.returncode == 2
    assert "show" in done.stdout + done.stderr


def test_every_command_has_an_example_and_a_summary():
    from importlib import import_module

    from cnncalc.cli.app import COMMANDS

    for name in COMMANDS:
        function = getattr(import_module(f"cnncalc.cli.{name}"), name)
        assert function.epilog.startswith(f"Example: cnncalc {name}")
        assert f"  {name} " in run("--help").stdout


@pytest.mark.parametrize(
    ("args", "heavy"),
    [
        (["--help"], {"rich", "numpy", "yaml", "cnncalc.network"}),
        (["show", "--help"], {"rich", "numpy", "yaml", "cnncalc.network"}),
        (["show", "lenet5"], {"rich", "numpy", "json", "csv"}),
        (["specs"], {"rich", "numpy", "json", "cnncalc.network"}),
    ],
)
def test_nothing_is_imported_that_is_not_needed(args, heavy):
    code = f"import sys\nfrom cnncalc.cli.app import run\nrun()\nprint(sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run(
        [CNNCALC[0], "-c", code, *args], check=False, capture_output=True, text=True, cwd=ROOT, env=environment(), timeout=HANG
    )
    assert done.stdout.endswith("\n[]\n")


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "cnncalc", "--version"], check=False, capture_output=True, text=True, cwd=ROOT, env=environment()
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run("--version").stdout != ""


@pytest.mark.parametrize("spec", ["net.yaml", "lenet5"])
def test_a_spec_in_the_place_of_the_command(spec):
    done = run(spec)
    assert done.returncode == 2
    assert f"there is no command {spec}; did you mean cnncalc show {spec}?" in done.stderr


@pytest.mark.parametrize("command", ["show", "check", "run", "sizes"])
def test_standard_input_that_is_closed(command):
    script = f'exec "$0" -c "{CNNCALC[2]}" {command} - <&-'
    done = subprocess.run(
        ["sh", "-c", script, CNNCALC[0]], check=False, capture_output=True, text=True, cwd=ROOT, env=environment(), timeout=60
    )
    assert done.returncode == 2
    assert "-: error: standard input is closed [file]\n" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--help"], "Show the table of a network"),
        (["show", "--help"], "Show the table of a network: "),
        (["explain", "conv"], "conv  a layer kind\n\nK filters of kernel_size cells slide"),
        (["show", "lenet5"], "LeNet-5"),
    ],
)
def test_without_docstrings_nothing_is_missing(args, words):
    command = [sys.executable, "-OO", *CNNCALC[1:], *args]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment(), timeout=60)
    assert done.returncode == 0
    assert words in done.stdout
