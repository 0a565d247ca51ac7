"""`cnncalc convert`, and every other command on files of other formats."""

import json
from pathlib import Path

import pytest

import cnncalc
from tests.cli.command import run

YOLO = "nc: 2\nbackbone:\n  - [-1, 1, Conv, [8, 3, 2]]\n  - [-1, 2, C2f, [16, True]]\nhead: []\n"
CFG = "[net]\nwidth=16\nheight=16\nchannels=3\n[conv]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n[maxpool]\nsize=2\nstride=2\n"
WRONG = CFG + "[shortcut]\nfrom=7\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "yolo.yaml").write_text(YOLO)
    (tmp_path / "net.cfg").write_text(CFG)
    (tmp_path / "wrong.cfg").write_text(WRONG)
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = x\n")
    return tmp_path


def test_it_writes_a_file_that_is_the_same_network(folder):
    done = run("convert", "net.cfg", "-o", "net.yaml", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    net, again = cnncalc.load(folder / "net.cfg"), cnncalc.load(folder / "net.yaml")
    assert again.totals == net.totals
    assert [node.name for node in again.layers] == [node.name for node in net.layers]
    assert again.source == "converted from net.cfg"
    assert run("check", "net.yaml", cwd=folder).returncode == 0


def test_it_writes_to_standard_output_and_reads_standard_input(folder):
    done = run("convert", "-", stdin=YOLO, cwd=folder)
    assert done.returncode == 0
    assert cnncalc.loads(done.stdout).parameters == cnncalc.load(folder / "yolo.yaml").parameters


def test_changes_are_part_of_the_file(folder):
    done = run("convert", "yolo.yaml", "--input", "3x64x32", "--set", "model.0.conv.filters=16", cwd=folder)
    net = cnncalc.loads(done.stdout)
    assert net.inputs[0].flow == (64, 32, 3)
    assert net.layers[0].shape.channels == 16


def test_a_network_with_errors_is_not_converted(folder):
    done = run("convert", "wrong.cfg", "-o", "out.yaml", cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("wrong.cfg:15:6: error: shortcut2 reads layer 7, which does not exist")
    assert not (folder / "out.yaml").exists()


def test_a_file_that_is_none_and_a_place_that_cannot_be_written(folder):
    assert run("convert", "setup.cfg", cwd=folder).returncode == 2
    done = run("convert", "net.cfg", "-o", "nowhere/out.yaml", cwd=folder)
    assert done.returncode == 2
    assert "nowhere/out.yaml" in done.stderr
    assert "Traceback" not in done.stderr


# Other commands


def test_commands_take_other_formats(folder):
    shown = json.loads(run("show", "net.cfg", "--format", "json", cwd=folder).stdout)
    # 3·4·9 weights, 2·4 of the normalisation.
    assert shown["totals"]["parameters"] == 3 * 4 * 9 + 2 * 4
    assert shown["complete"] is True
    assert shown["layers"][0]["line"] == 5
    assert run("diff", "net.cfg", "net.cfg", cwd=folder).returncode == 0
    assert run("run", "net.cfg", cwd=folder).returncode == 0
    assert run("sizes", "yolo.yaml", cwd=folder).returncode == 0
    assert run("draw", "yolo.yaml", "-o", "yolo.svg", cwd=folder).returncode == 0


def test_check_takes_a_named_file_and_a_pattern(folder):
    assert run("check", "net.cfg", "yolo.yaml", cwd=folder).returncode == 0
    done = run("check", "w*.cfg", cwd=folder)
    assert done.returncode == 1
    assert done.stdout.startswith("wrong.cfg:15:6: error: shortcut2 reads layer 7")
    assert run("check", "setup.cfg", cwd=folder).returncode == 2


def test_check_of_a_folder_takes_what_the_settings_include(folder):
    assert run("check", ".", cwd=folder).returncode == 0
    (folder / "pyproject.toml").write_text('[tool.cnncalc]\ninclude = ["*.cfg", "yolo*.yaml"]\n')
    done = run("check", ".", cwd=folder)
    assert done.returncode == 1
    assert "wrong.cfg:15:6" in done.stdout
    assert "setup.cfg" not in done.stdout


def test_skip_others_passes_over_what_no_format_claims(folder):
    done = run("check", "--skip-others", "setup.cfg", "net.cfg", "yolo.yaml", cwd=folder)
    assert done.returncode == 0
    assert "setup.cfg" not in done.stdout


def test_the_shell_changes_a_file_of_another_format_in_cnncalcs_language(folder):
    done = run("shell", "net.cfg", stdin="fc: 5\nsave out.yaml\nquit\n", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "net.cfg was converted to cnncalc's language; save FILE writes it" in done.stdout
    assert (folder / "net.cfg").read_text() == CFG
    # 8·8·4 numbers behind the pool, and a bias for each unit.
    assert cnncalc.load(folder / "out.yaml").layers[-1].parameters == (8 * 8 * 4 + 1) * 5


def test_every_command_that_reads_a_network_takes_the_python_of_a_model():
    import inspect

    from cnncalc.cli import check, convert, diff, draw, report, run, show, sizes, sweep
    from cnncalc.cli.shell import shell

    commands = [check.check, convert.convert, diff.diff, draw.draw, report.report, run.run, show.show, sizes.sizes, sweep.sweep]
    for command in [*commands, shell]:
        assert "python" in inspect.signature(command).parameters


def test_the_shell_takes_an_input_shape(folder):
    done = run("shell", "alexnet", "--input", "259x259x3", stdin="show\n", cwd=folder)
    assert "259x259x3" in done.stdout
    open_file = json.dumps(
        {
            "class_name": "Sequential",
            "config": {
                "layers": [
                    {"class_name": "InputLayer", "config": {"name": "image", "batch_shape": [None, None, None, 3]}},
                    {"class_name": "Conv2D", "config": {"name": "conv", "filters": 2, "kernel_size": [3, 3]}},
                ]
            },
        }
    )
    (folder / "open.json").write_text(open_file)
    done = run("shell", "open.json", "--input", "9x8x3", stdin="show\n", cwd=folder)
    assert "7x6x2" in done.stdout


def test_numbers_that_are_the_same_along_every_axis_are_written_once(folder):
    text = CFG.replace("size=3\n", "size=3\nstride=2\n")
    done = run("convert", "-", stdin=text, cwd=folder)
    assert "kernel_size: 3, stride: 2, padding: 1" in done.stdout
