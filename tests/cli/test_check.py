"""`cnncalc check` as CI meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import CNNCALC, HANG, environment, on_terminal, run, without_styles

GOOD = "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n"
MISFIT = "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3, stride: 2}\n"
WARNED = "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n  - batchnorm\n"
NOTED = "input: 8x8x3\nfit: floor\nlayers:\n  - {conv: 4, kernel_size: 3, stride: 2}\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A folder as people have it: specs good and bad, and YAML that is none of ours."""
    files = {
        "good.yaml": GOOD,
        "nets/misfit.yaml": MISFIT,
        "nets/deep/warned.yml": WARNED,
        "nets/noted.yaml": NOTED,
        "docker-compose.yml": "services:\n  web: {image: nginx}\n",
        ".github/workflows/ci.yaml": "on: push\njobs: {}\n",
        ".hidden/bad.yaml": MISFIT,
        "k8s.yaml": "kind: A\n---\nkind: B\nspec: !Ref x\n",
        "readme.md": "input: no\nlayers: none\n",
        "only-layers.yaml": "layers: [relu]\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def lines(text: str) -> list[str]:
    """Where each problem is, and its rule."""
    return [f"{line.split(': ')[0]} {line.rsplit('[', 1)[1][:-1]}" for line in text.splitlines()]


def test_a_folder(repo: Path) -> None:
    done = run("check", cwd=repo)
    assert lines(done.stdout) == [
        "only-layers.yaml:1:1 missing",
        "nets/misfit.yaml:3:6 stride-fit",
        "nets/deep/warned.yml:3:6 bias-before-norm",
    ]
    assert done.stderr == "2 errors, 1 warning in 3 of 5 files; 1 fixable with --fix; 2 other YAML files skipped\n"
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["good.yaml"], 0),
        (["nets/misfit.yaml"], 1),
        (["nets/deep"], 0),
        (["nets/deep", "--strict"], 1),
        (["nets/noted.yaml", "--strict", "--notes"], 0),
        (["only-layers.yaml"], 2),
        (["only-layers.yaml", "nets"], 2),
        (["nowhere.yaml"], 2),
        (["nets", "--exit-zero"], 0),
        (["nowhere.yaml", "--exit-zero"], 0),
        (["docker-compose.yml"], 2),
        (["docker-compose.yml", "k8s.yaml", "good.yaml", "--skip-others"], 0),
        (["docker-compose.yml", "nets/misfit.yaml", "--skip-others"], 1),
        (["nets", "--select", "no-such-rule"], 2),
        (["nets", "--ignore", "window"], 2),
        (["nets", "--ignore", "window", "--exit-zero"], 2),
        (["nets", "--ignore", "stride-fit"], 0),
        (["nets", "--select", "linear-pair"], 1),
        (["nets", "--select", "linear-pair", "--ignore", "stride-fit"], 0),
        (["nets", "--select", "stride-fit"], 1),
        (["nets", "--diff", "--fix"], 2),
        (["nets/*.yml"], 2),
        (["nets/**/*.yml"], 0),
        (["nets", "--format", "xml"], 2),
        (["nets", "--jobs", "0"], 2),
    ],
)
def test_exit_status(repo: Path, args: list[str], status: int) -> None:
    assert run("check", *args, cwd=repo).returncode == status


def test_success_says_a_summary_and_quiet_nothing(repo: Path) -> None:
    done = run("check", "good.yaml", cwd=repo)
    assert (done.stdout, done.stderr) == ("", "1 file checked, no problems\n")
    done = run("check", "good.yaml", "-q", cwd=repo)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_misspelt_rule_is_told(repo: Path) -> None:
    assert "did you mean linear-pair?" in run("check", "--ignore", "linear-pairs", cwd=repo).stderr


def test_networks_changed_from_outside(repo: Path) -> None:
    assert run("check", "nets/misfit.yaml", "--input", "9x9x3", cwd=repo).returncode == 0
    assert run("check", "nets/misfit.yaml", "--fit", "floor", cwd=repo).returncode == 0
    assert run("check", "nets/misfit.yaml", "--set", "conv1.stride=1", cwd=repo).returncode == 0
    (repo / "expects.yaml").write_text("input: 8x8x3\nvars: {k: 3}\nlayers: [{conv: 4, kernel_size: '${k}', expect: 6x6x4}]\n")
    done = run("check", "expects.yaml", "--set", "k=5", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "")
    assert "expect not checked" in done.stderr
    done = run("check", "expects.yaml", "good.yaml", "--set", "k=5", cwd=repo)
    assert (lines(done.stdout), done.returncode) == (["good.yaml set"], 2)
    assert run("check", "good.yaml", "--fix", "--input", "9x9x3", cwd=repo).returncode == 2
    ignoring = "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3, stride: 2}  # cnncalc: ignore[stride-fit]\n"
    assert run("check", "-", "--fit", "floor", stdin=ignoring, cwd=repo).stdout == ""


def test_notes(repo: Path) -> None:
    assert run("check", "nets/noted.yaml", cwd=repo).stdout == ""
    assert lines(run("check", "nets/noted.yaml", "--notes", cwd=repo).stdout) == ["nets/noted.yaml:4:6 unread-cells"]
    assert lines(run("check", "nets/noted.yaml", "--select", "unread-cells", cwd=repo).stdout) == [
        "nets/noted.yaml:4:6 unread-cells"
    ]


def test_each_file_once_and_in_order(repo: Path) -> None:
    done = run("check", "nets", "nets/misfit.yaml", "nets/../nets/misfit.yaml", "nets/*.yaml", cwd=repo)
    assert lines(done.stdout) == ["nets/misfit.yaml:3:6 stride-fit", "nets/deep/warned.yml:3:6 bias-before-norm"]


def test_one_that_is_named_is_checked_though_hidden(repo: Path) -> None:
    assert lines(run("check", ".hidden/bad.yaml", cwd=repo).stdout) == [".hidden/bad.yaml:3:6 stride-fit"]
    assert lines(run("check", ".hidden", cwd=repo).stdout) == [".hidden/bad.yaml:3:6 stride-fit"]


def test_standard_input(repo: Path) -> None:
    done = run("check", "-", stdin=MISFIT, cwd=repo)
    assert lines(done.stdout) == ["-:3:6 stride-fit"]
    done = run("check", "-", "--stdin-filename", "nets/new.yaml", "--format", "json", stdin=MISFIT, cwd=repo)
    assert [p["file"] for p in json.loads(done.stdout)] == ["nets/new.yaml"]
    assert run("check", "-", "--fix", stdin=WARNED, cwd=repo).returncode == 2


@pytest.mark.parametrize("form", ["text", "json", "github", "gitlab", "sarif", "junit"])
def test_processes_change_nothing(form: str, repo: Path) -> None:
    for i in range(40):
        (repo / f"net{i:02}.yaml").write_text([GOOD, MISFIT, WARNED][i % 3])
    one, three = (run("check", "--format", form, "-j", jobs, cwd=repo) for jobs in ("1", "3"))
    assert (one.stdout, one.stderr, one.returncode) == (three.stdout, three.stderr, three.returncode)


def test_a_file_that_cannot_be_read_costs_that_file_only(repo: Path) -> None:
    nets = repo / "nets"
    (nets / "loop.yaml").symlink_to("loop.yaml")
    (nets / "dangling.yaml").symlink_to("gone.yaml")
    (nets / "round").symlink_to("..")
    (nets / "folder.yaml").mkdir()
    (nets / "latin1.yaml").write_bytes("input: 8x8x3\nlayers: [relu]\n# café\n".encode("latin-1"))
    (nets / "utf16.yaml").write_bytes(GOOD.encode("utf-16"))
    (nets / "huge.yaml").write_bytes(b"input: 8x8x3\nlayers:\n" + b"  - relu\n" * 1_200_000)
    os.mkfifo(nets / "pipe.yaml")
    (nets / "secret.yaml").write_text(GOOD)
    (nets / "secret.yaml").chmod(0)
    done = run("check", "nets", cwd=repo)
    found = lines(done.stdout)
    expected = [
        "nets/dangling.yaml file",
        "nets/huge.yaml limit",
        "nets/latin1.yaml:3:6 file",
        "nets/loop.yaml file",
        "nets/misfit.yaml:3:6 stride-fit",
        "nets/utf16.yaml:1:1 file",
        "nets/deep/warned.yml:3:6 bias-before-norm",
    ]
    if os.geteuid():
        expected.insert(5, "nets/secret.yaml file")
    assert [line for line in found if not line.startswith("nets/round")] == expected
    assert done.returncode == 2


def test_files_that_come_and_go_meanwhile(repo: Path) -> None:
    for i in range(300):
        (repo / f"net{i:03}.yaml").write_text(GOOD)
    process = subprocess.Popen(
        [*CNNCALC, "check", "-j1"], cwd=repo, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for i in range(0, 300, 3):
        (repo / f"net{i:03}.yaml").unlink()
        (repo / f"new{i:03}.yaml").write_text(GOOD)
    out, err = process.communicate(timeout=HANG)
    assert process.returncode in (1, 2)
    assert "Traceback" not in err
    assert {line.rsplit("[", 1)[1] for line in out.splitlines() if line.startswith("net") and "/" not in line} <= {"file]"}


def test_settings_of_the_nearest_pyproject(repo: Path) -> None:
    (repo / "pyproject.toml").write_text('[tool.cnncalc]\nstrict = true\nexclude = ["only-*", "nets/misfit.yaml"]\n')
    done = run("check", cwd=repo)
    assert (lines(done.stdout), done.returncode) == (["nets/deep/warned.yml:3:6 bias-before-norm"], 1)
    (repo / "nets/deep/pyproject.toml").write_text('[tool.cnncalc]\nignore = ["bias-before-norm"]\n')
    assert run("check", cwd=repo).returncode == 0
    # One without a word of cnncalc is passed by; the command line is above all.
    (repo / "nets/deep/pyproject.toml").write_text('[project]\nname = "x"\n')
    assert run("check", cwd=repo).returncode == 1
    assert run("check", "--no-strict", cwd=repo).returncode == 0
    # What is named is checked, excluded or not.
    assert run("check", "nets/misfit.yaml", cwd=repo).returncode == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.cnncalc]\nstrikt = true\n", "did you mean strict?"),
        ("[tool.cnncalc]\nstrict = 1\n", "strict must be true or false, not 1"),
        ("[tool.cnncalc]\nignore = 'x'\n", "ignore must be a list of words"),
        ("[tool.cnncalc]\nselect = ['linear']\n", "there is no rule linear"),
        ("[tool.cnncalc]\nignore = ['join']\n", "join is an error, which always counts"),
        ("[tool]\ncnncalc = 3\n", "tool.cnncalc must be a table"),
        ("[tool.cnncalc\n", "pyproject.toml: Expected"),
    ],
)
def test_faulty_settings_are_told(repo: Path, text: str, said: str) -> None:
    (repo / "pyproject.toml").write_text(text)
    done = run("check", cwd=repo)
    assert done.returncode == 2
    assert said in done.stderr
    assert "pyproject.toml" in done.stderr


def git(repo: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words], cwd=repo, check=True, capture_output=True
    )


def test_diff_base(repo: Path) -> None:
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "one")
    git(repo, "checkout", "-q", "-b", "change")
    (repo / "nets/deep/warned.yml").write_text(MISFIT)
    git(repo, "commit", "-q", "-a", "-m", "two")
    (repo / "good.yaml").write_text(MISFIT)
    (repo / "new é.yaml").write_text(MISFIT)
    git(repo, "rm", "-q", "nets/noted.yaml")
    # What happens on main meanwhile is not this branch's change.
    git(repo, "stash", "-q", "-u")
    git(repo, "checkout", "-q", "main")
    (repo / "only-layers.yaml").write_text("layers: [tanh]\n")
    git(repo, "commit", "-q", "-a", "-m", "three")
    git(repo, "checkout", "-q", "change")
    git(repo, "stash", "pop", "-q")
    expected = ["good.yaml:3:6 stride-fit", "new é.yaml:3:6 stride-fit", "nets/deep/warned.yml:3:6 stride-fit"]
    assert lines(run("check", "--diff-base", "main", cwd=repo).stdout) == expected
    assert lines(run("check", "--diff-base", "main", cwd=repo / "nets").stdout) == ["deep/warned.yml:3:6 stride-fit"]
    done = run("check", "--diff-base", "nowhere", cwd=repo)
    assert (done.returncode, done.stdout) == (2, "")
    assert run("check", "--diff-base", "--output=x", cwd=repo).returncode == 2
    assert not (repo / "x").exists()


def test_diff_base_outside_of_git(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    done = run("check", "--diff-base", "main", cwd=tmp_path, GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert done.returncode == 2
    assert "git" in done.stderr


def test_inside_github_actions(repo: Path) -> None:
    done = run("check", "nets", cwd=repo, GITHUB_ACTIONS="true")
    assert [line[:8] for line in done.stdout.splitlines()] == ["nets/mis", "::error ", "nets/dee", "::warnin"]
    assert "::" not in run("check", "nets", cwd=repo).stdout


def test_on_a_terminal(repo: Path) -> None:
    status, text = on_terminal(40, "check", "nets/misfit.yaml", cwd=repo)
    first, source, caret, *_ = without_styles(text).splitlines()
    assert status == 1
    assert first.startswith("nets/misfit.yaml:3:6: error: conv1 does not fit: (8 − 3 + 2·0)/2 + 1 = 3.5, ")
    assert first.endswith("[stride-fit]")
    assert (source, caret) == ("  3 |   - {conv: 4, kernel_size: 3, stride: 2}", "    |      ^^^^")
    assert "\x1b[31m" in text
    assert "\x1b[" not in on_terminal(40, "check", "nets/misfit.yaml", cwd=repo, NO_COLOR="1")[1]


def test_fix_and_diff(repo: Path) -> None:
    warned = repo / "nets/deep/warned.yml"
    done = run("check", "nets", "--diff", cwd=repo)
    assert warned.read_text() == WARNED
    assert "-  - {conv: 4, kernel_size: 3}\n+  - {conv: 4, bias: false, kernel_size: 3}\n" in done.stdout
    patch = subprocess.run(
        ["git", "apply", "--check", "-"], input=done.stdout, text=True, cwd=repo, capture_output=True, check=False
    )
    assert (patch.returncode, patch.stderr) == (0, "")
    done = run("check", "nets", "--fix", cwd=repo)
    assert lines(done.stdout) == ["nets/misfit.yaml:3:6 stride-fit"]
    assert done.stderr == "1 error in 1 of 3 files; 1 file fixed\n"
    assert warned.read_text() == WARNED.replace("conv: 4,", "conv: 4, bias: false,")
    assert (repo / "nets/misfit.yaml").read_text() == MISFIT


@pytest.mark.parametrize("form", ["text", "json", "github", "gitlab", "sarif", "junit"])
def test_neither_numpy_nor_rich_is_imported(form: str, repo: Path) -> None:
    code = (
        "import sys\nfrom cnncalc.cli.app import run\nsys.argv = ['cnncalc', 'check', '--format', sys.argv[1]]\nrun()\n"
        "print(sorted({'numpy', 'rich', 'torch'} & {name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, form], cwd=repo, capture_output=True, text=True, env=environment(), check=False
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_names_in_a_spec_break_no_line(repo: Path) -> None:
    hostile = 'input: 8x8x3\nlayers:\n  - {relu: , name: "a\\n::error::x\\e[31m]]>"}\n  - {"co\\nnv": 3, kernel_size: 3}\n'
    (repo / "hostile.yaml").write_text(hostile)
    done = run("check", "hostile.yaml", cwd=repo)
    assert len(done.stdout.splitlines()) == 2
    assert "\x1b" not in done.stdout
    for form in ("github", "junit", "sarif", "gitlab", "json"):
        assert "\x1b" not in run("check", "hostile.yaml", "--format", form, cwd=repo).stdout
    assert len(run("check", "hostile.yaml", "--format", "github", cwd=repo).stdout.splitlines()) == 2


@pytest.mark.parametrize("form", ["text", "json", "github", "gitlab", "sarif", "junit"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_names_of_files_break_no_format(form: str, jobs: str, tmp_path: Path) -> None:
    for name in (b"a\n::error::b.yaml", b"]]><script>.yaml", b"not utf-8 \xff.yaml", b"\x1b[31mred.yaml", b"[x]*.yaml"):
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as stream:
            stream.write(MISFIT)
    done = run("check", "--format", form, "-j", jobs, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "5 errors in 5 of 5 files\n")
    assert "\x1b" not in done.stdout
    if form in ("text", "github"):
        assert len(done.stdout.splitlines()) == 5
    elif form == "junit":
        assert len(ET.fromstring(done.stdout).findall(".//failure")) == 5
    else:
        json.loads(done.stdout)
    assert run("check", "[x]*.yaml", cwd=tmp_path).stderr == "1 error in 1 of 1 file\n"


def test_nothing_to_check_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "ci.yaml").write_text("jobs: {}\n")
    done = run("check", "-q", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "warning: no network among 1 YAML file, nothing was checked\n")
    (tmp_path / "ci.yaml").unlink()
    done = run("check", "-q", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "warning: nothing to check: no *.yaml or *.yml in .\n")


def test_output_file(repo: Path) -> None:
    for form in ("json", "text", "sarif"):
        printed = run("check", "nets", "--format", form, cwd=repo).stdout
        done = run("check", "nets", "--format", form, "-o", "report", cwd=repo, FORCE_COLOR="1", GITHUB_ACTIONS="true")
        assert (done.returncode, done.stdout) == (1, "")
        assert (repo / "report").read_text() == printed != ""
    assert "nowhere/report: No such file" in run("check", "-o", "nowhere/report", cwd=repo).stderr


def test_colour_in_a_pipe_if_it_is_asked_for(repo: Path) -> None:
    plain = run("check", "nets", cwd=repo).stdout
    forced = run("check", "nets", cwd=repo, FORCE_COLOR="1").stdout
    assert "\x1b[31m" in forced
    assert without_styles(forced) == plain
    assert run("check", "nets", cwd=repo, FORCE_COLOR="1", NO_COLOR="1").stdout == plain
    assert "\x1b[" in run("show", "lenet5", FORCE_COLOR="1").stdout
    assert "\x1b[" not in run("show", "lenet5", FORCE_COLOR="0").stdout


def test_paths_are_relative_to_the_root_of_the_repository(repo: Path) -> None:
    (repo / ".git").mkdir()
    nets = repo / "nets"
    assert run("check", "misfit.yaml", cwd=nets).stdout.startswith("misfit.yaml:3:6: ")
    for name in ("misfit.yaml", "../nets/misfit.yaml", str(nets / "misfit.yaml")):
        assert "file=nets/misfit.yaml," in run("check", name, "--format", "github", cwd=nets).stdout
        (issue,) = json.loads(run("check", name, "--format", "gitlab", cwd=nets).stdout)
        assert issue["location"]["path"] == "nets/misfit.yaml"
        sarif = json.loads(run("check", name, "--format", "sarif", cwd=nets).stdout)
        (place,) = sarif["runs"][0]["results"][0]["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "nets/misfit.yaml"


def test_file_names_are_no_commands_and_no_escapes(tmp_path: Path) -> None:
    for name in ("::error::a.yaml", "##[group]b.yaml", "c\x1b[31m\nd.yaml"):
        (tmp_path / name).write_text(WARNED)
    done = run("check", cwd=tmp_path, GITHUB_ACTIONS="true")
    commands = [line for line in done.stdout.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert len(commands) == 3
    assert all(line.startswith("::warning file=") for line in commands if "##[" not in line)
    diff = run("check", "--diff", cwd=tmp_path).stdout
    assert "\x1b" not in diff
    assert '--- "a/c\\033[31m\\012d.yaml"\n' in diff
    patch = subprocess.run(["git", "apply", "-"], input=diff, text=True, cwd=tmp_path, capture_output=True, check=False)
    assert (patch.returncode, patch.stderr) == (0, "")
    assert "bias: false" in (tmp_path / "c\x1b[31m\nd.yaml").read_text()


def test_a_git_that_hangs_or_is_missing(repo: Path) -> None:
    (repo / "bin").mkdir()
    done = run("check", "--diff-base", "main", cwd=repo, PATH=str(repo / "bin"))
    assert (done.returncode, done.stderr) == (2, "error: --diff-base main: git is not installed\n")
    fake = repo / "bin" / "git"
    fake.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    fake.chmod(0o755)
    code = "from cnncalc import git; git.git.__kwdefaults__['seconds'] = 0.5; from cnncalc.cli import main; main()"
    command = [sys.executable, "-c", code, "diff", "HEAD:a.yaml", "HEAD:b.yaml"]
    done = subprocess.run(
        command, cwd=repo, env=environment(PATH=str(repo / "bin")), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "git has not answered within" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_worker_is_replaced(repo: Path) -> None:
    from tests.test_parallel import children

    for i in range(300):
        (repo / f"net{i:03}.yaml").write_text([GOOD, MISFIT, WARNED][i % 3])
    expected = run("check", "-j1", cwd=repo)
    process = subprocess.Popen(
        [*CNNCALC, "check", "-j2"], cwd=repo, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and not (workers := children(process.pid)):
        pass
    os.kill(workers[0], 9)
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == (expected.stdout, expected.stderr, expected.returncode)
