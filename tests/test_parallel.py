"""The map over several processes: order, exceptions, and processes that are killed."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import count, islice

import pytest

from cnncalc.parallel import WorkerLost, parallel_map


def square(number):
    return number * number


def fail_at_seven(number):
    if number == 7:
        raise ValueError("seven")
    return number


def die_at(fatal, number):
    if number in fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(mark, number):
    """Kills its own process the first time that it computes 500."""
    if number == 500:
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return number
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(processes):
    assert list(parallel_map(square, range(1000), processes)) == [n * n for n in range(1000)]
    assert list(parallel_map(square, [], processes)) == []
    assert list(parallel_map(square, [3], processes)) == [9]


@pytest.mark.parametrize("processes", [1, 3])
def test_items_are_read_as_they_are_needed(processes):
    assert list(islice(parallel_map(square, count(), processes), 4)) == [0, 1, 4, 9]


def test_an_exception_of_the_function_is_raised_here():
    with pytest.raises(ValueError, match="seven"):
        list(parallel_map(fail_at_seven, range(100), 2))


def test_an_item_that_kills_its_process_is_named_and_costs_no_other():
    found = list(parallel_map(partial(die_at, {3, 250}), range(300), 2, lost=lambda number: f"lost {number}"))
    assert found == [f"lost {n}" if n in (3, 250) else n for n in range(300)]
    with pytest.raises(WorkerLost, match="killed"):
        list(parallel_map(partial(die_at, {3}), range(10), 2))


def test_a_process_that_is_killed_once_loses_and_doubles_nothing(tmp_path):
    assert list(parallel_map(partial(die_once, str(tmp_path / "mark")), range(2000), 2)) == list(range(2000))
    assert (tmp_path / "mark").exists()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as stream:
        return [int(word) for word in stream.read().split()]


def alive(pid):
    """Whether a process still runs; one that nobody has waited for is a zombie, and does not."""
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_their_parent_and_say_nothing(tmp_path, number):
    code = (
        "import time\nfrom cnncalc.parallel import parallel_map\n"
        "def wait(n):\n    time.sleep(600 if n else 0)\n    return n\n"
        "try:\n    for n in parallel_map(wait, range(3), 2): print(n, flush=True)\n"
        "except KeyboardInterrupt: pass\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "0\n"
    while len(workers := children(process.pid)) < 2:
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("", "")
    assert not [pid for pid in workers if alive(pid)]
