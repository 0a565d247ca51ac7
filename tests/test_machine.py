"""Cores and memory, as the operating system counts them."""

import os
import subprocess
import sys

import pytest

from cnncalc import machine
from cnncalc.machine import free_memory, usable_cores, written


@pytest.fixture
def system(tmp_path, monkeypatch):
    """The folders in which the system says what there is, /proc and the control groups, empty at first."""
    proc, groups = tmp_path / "proc", tmp_path / "groups"
    (proc / "self").mkdir(parents=True)
    (groups / "a" / "b").mkdir(parents=True)
    monkeypatch.setattr(machine, "PROC", proc)
    monkeypatch.setattr(machine, "CGROUPS", groups)
    machine._most_cores.cache_clear()
    yield proc, groups
    machine._most_cores.cache_clear()


def test_at_least_one_and_no_more_than_there_are():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system ties no process to cores")
def test_a_process_tied_to_one_core_uses_one():
    first = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{first}}}); from cnncalc.machine import usable_cores; print(usable_cores())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"


@pytest.fixture
def many_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)


@pytest.mark.parametrize(
    ("outer", "inner", "cores"),
    [
        ("200000 100000", "max 100000", 2),
        ("max 100000", "150000 100000", 2),
        ("50000 100000", "400000 100000", 1),
        (None, None, 64),
    ],
)
def test_a_group_s_share_of_the_time_is_so_many_cores(system, many_cores, outer, inner, cores):
    proc, groups = system
    (proc / "self" / "cgroup").write_text("0::/a/b\n")
    for folder, limit in ((groups / "a", outer), (groups / "a" / "b", inner)):
        if limit is not None:
            (folder / "cpu.max").write_text(limit)
    assert usable_cores() == cores


@pytest.mark.parametrize(("quota", "cores"), [("300000", 3), ("-1", 64)])
def test_groups_of_the_first_version_say_it_in_two_files(system, many_cores, quota, cores):
    proc, groups = system
    (proc / "self" / "cgroup").write_text("7:cpu,cpuacct:/a\n3:memory:/b\n")
    (groups / "cpu,cpuacct" / "a").mkdir(parents=True)
    (groups / "cpu,cpuacct" / "a" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (groups / "cpu,cpuacct" / "a" / "cpu.cfs_period_us").write_text("100000\n")
    assert usable_cores() == cores


def test_without_groups_all_cores_count(system, many_cores):
    assert usable_cores() == 64


@pytest.mark.parametrize(("text", "busy"), [("0.1 0.2 0.3 4/120 77", False), ("0.1 0.2 0.3 5/120 77", True), ("", False)])
def test_the_machine_is_busy_where_more_threads_run_than_there_are_cores(system, monkeypatch, text, busy):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert not machine.busy()
    (system[0] / "loadavg").write_text(text)
    assert machine.busy() is busy


def test_memory_is_read_from_the_machine_and_its_groups(system):
    proc, groups = system
    (proc / "meminfo").write_text("MemTotal: 900 kB\nMemAvailable: 800 kB\n")
    (proc / "self" / "cgroup").write_text("0::/a/b\n")
    assert free_memory() == 800 * 1024
    for folder, limit in ((groups / "a", "500000"), (groups / "a" / "b", "max")):
        (folder / "memory.max").write_text(limit)
        (folder / "memory.current").write_text("200000")
        (folder / "memory.stat").write_text("anon 1\ninactive_file 50000\n")
    assert free_memory() == 350_000


@pytest.mark.parametrize(("size", "said"), [(350_000, "341.8 KiB"), (3 << 30, "3.0 GiB"), (12, "12 bytes")])
def test_bytes_are_written_for_a_reader(size, said):
    assert written(size) == said
