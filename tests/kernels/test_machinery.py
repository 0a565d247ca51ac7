"""Threads and memory beneath the kernels."""

import signal
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from cnncalc.kernels import buffers
from cnncalc.kernels.buffers import BufferPool, Reused
from cnncalc.kernels.steps import starts
from cnncalc.kernels.workers import Workers
from cnncalc.machine import usable_cores
from cnncalc.window import Window


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_each_task_is_done_once(threads, count):
    done = []
    with Workers(threads).running() as workers:
        workers.parallel_for(done.append, count)
        workers.parallel_for(done.append, count)
    assert sorted(done) == sorted([*range(count), *range(count)])


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_task_comes_out_and_the_threads_live_on(threads):
    def fail(i):
        if i == 4:
            raise ValueError("task 4")

    done = []
    with Workers(threads).running() as workers:
        with pytest.raises(ValueError, match="task 4"):
            workers.parallel_for(fail, 6)
        workers.parallel_for(done.append, 6)
    assert sorted(done) == list(range(6))


def test_threads_are_gone_in_the_end():
    before = threading.active_count()
    with Workers(4).running() as workers:
        workers.parallel_for(lambda _: None, 4)
        assert threading.active_count() == before + 3
    assert threading.active_count() == before


def test_by_products_the_caller_does_every_task_and_blas_has_the_threads():
    here, done = threading.get_ident(), []
    with Workers(3, parallel_blas=True).running() as workers:
        workers.parallel_for(lambda i: done.append((i, threading.get_ident() == here)), 5)
        blas = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
    assert done == [(i, True) for i in range(5)]
    assert set(blas) == {min(3, usable_cores())}
    with Workers(3).running():
        assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}


def test_scratch_is_a_thread_s_own():
    seen = {}

    def task(i):
        mine = Workers.scratch(workers, "mine", (4,), np.int64)
        mine[:] = i
        wait.wait(10)
        seen[i] = mine.copy()

    wait = threading.Barrier(2)
    with Workers(2).running() as workers:
        workers.parallel_for(task, 2)
    assert {i: list(mine) for i, mine in seen.items()} == {0: [0] * 4, 1: [1] * 4}


def test_scratch_that_grows_first_frees_its_old_memory(monkeypatch):
    made = []

    def fresh(size):
        assert all(reference() is None for reference in made)
        array = np.empty(size, np.uint8)
        made.append(weakref.ref(array))
        return array

    monkeypatch.setattr(buffers, "fresh", fresh)
    pool = BufferPool()
    for length in (100, 10, 1000):
        assert pool.scratch(0, "rows", (length,), np.float32).shape == (length,)
    assert len(made) == 2


def test_what_a_run_leaves_is_the_next_one_s_and_never_two_runs_at_once():
    with Workers(1).running() as workers:
        first = workers.buffers
        with Workers(1).running() as other:
            assert other.buffers is not first
    with Workers(1).running() as workers:
        assert workers.buffers is first


def test_pieces_cover_an_array_once():
    x, y = np.arange(700_000, dtype=np.float64).reshape(7, -1), np.zeros((7, 100_000))
    with Workers(2).running() as workers:
        workers.parallel_chunks(lambda a, b: np.add(b, a, out=b), x, y)
    np.testing.assert_array_equal(x, y)


def test_memory_is_used_again_only_when_it_is_given_back():
    buffers = BufferPool()
    first = buffers.empty((300, 300), np.float64)
    second = buffers.empty((300, 300), np.float64)
    assert not np.shares_memory(first, second)
    buffers.give_back(first.base)
    third = buffers.empty((200, 300), np.float32)
    assert np.shares_memory(first, third)
    assert not np.shares_memory(second, third)
    # Memory from elsewhere is left alone, and so is what was given back already.
    buffers.give_back(np.zeros(10**6))
    buffers.give_back(third.base)
    buffers.give_back(third.base)
    one, two = buffers.empty((300, 300), np.float32), buffers.empty((300, 300), np.float32)
    assert not np.shares_memory(one, two)


@dataclass
class Piece:
    size: int


def test_all_buffers_have_at_most_a_quarter_more_bytes_than_were_in_use_at_once():
    made = Reused(Piece)
    mib = 1 << 20
    # 40 MiB in use at once: ten of 4 MiB. All are kept.
    for buffer in [made.take(4 * mib) for _ in range(10)]:
        made.give_back(buffer)
    assert 40 * mib <= made.bytes < 41 * mib
    # 40 + 20 MiB are more than 1.25 · 40: free buffers are dropped until 30 MiB are left.
    large = made.take(20 * mib)
    assert 48 * mib < made.bytes <= 50 * mib
    made.give_back(large)
    # A run that has 33 MiB in use at once keeps what the last two runs allow: first 1.25 · 40 MiB, then 1.25 · 33 MiB.
    for most in (50, 41.25):
        made.forget()
        assert made.bytes <= most * mib
        for buffer in [made.take(size * mib) for size in (20, 13)]:
            made.give_back(buffer)


def test_32_mib_of_small_buffers_are_always_kept():
    made = Reused(Piece)
    for size in range(1, 8):
        made.give_back(made.take(size << 20))
    # 1 + 2 + … + 7 MiB: a request that is larger than every free buffer makes a new one, and drops none.
    assert made.bytes > 28 << 20


def test_the_results_of_a_run_belong_to_their_holders():
    buffers = BufferPool()
    result = buffers.empty((300, 300), np.float64)
    buffers.release()
    buffers.give_back(result.base)
    assert not np.shares_memory(result, buffers.empty((300, 300), np.float64))


@pytest.mark.parametrize("fit", ["floor", "ceil"])
def test_positions_are_as_many_as_the_formula_says(fit):
    for kernel in range(1, 5):
        for stride in range(1, 5):
            for before, epilogue, dilation, size in np.ndindex(3, 3, 3, 9):
                window = Window(kernel, stride, before, epilogue, dilation + 1)
                try:
                    wanted = window.output_size(size + 1, fit)
                except ValueError:
                    continue
                assert len(starts(window, size + 1, fit)) == wanted


def test_every_kernel_is_imported_at_once():
    code = (
        "import sys; from pathlib import Path; from cnncalc import kernels; kernels.import_all();"
        "here = Path(kernels.__file__).parent;"
        "print(sorted(f.stem for f in here.glob('*.py') if f'cnncalc.kernels.{f.stem}' not in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['__init__']\n"


def blas_now():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_blas_has_its_threads_again_when_overlapping_runs_have_ended(order):
    before = blas_now()
    runs = [Workers(2, parallel_blas=k == 1).running() for k in range(3)]
    for run in runs:
        run.__enter__()
    assert blas_now() == {1}
    for k in order:
        runs[k].__exit__(None, None, None)
    assert blas_now() == before


@pytest.mark.parametrize("threads", [1, 4])
def test_ctrl_c_ends_a_run_between_tasks_and_leaves_no_thread(threads):
    before, blas, handler = threading.active_count(), blas_now(), signal.getsignal(signal.SIGINT)
    done, pressed = [], threading.Event()

    def task(i):
        if i == 0:
            signal.raise_signal(signal.SIGINT)
            pressed.set()
        assert pressed.wait(60)
        done.append(i)

    def run():
        with Workers(threads).running() as workers:
            workers.parallel_for(task, 1000)

    with pytest.raises(KeyboardInterrupt):
        run()
    # Each thread finishes the task that it has, and begins no other.
    assert 0 in done
    assert len(done) <= threads
    assert (threading.active_count(), blas_now(), signal.getsignal(signal.SIGINT)) == (before, blas, handler)


def test_a_second_ctrl_c_ends_a_task_too():
    before = threading.active_count()

    def task(i):
        if i == 0:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("the task went on")

    def run():
        with Workers(2).running() as workers:
            workers.parallel_for(task, 2)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert threading.active_count() == before


def test_somebody_else_s_handler_is_left_alone():
    seen = []
    old = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        with Workers(1).running() as workers:
            workers.parallel_for(lambda _: signal.raise_signal(signal.SIGINT), 2)
    finally:
        signal.signal(signal.SIGINT, old)
    assert seen == [1, 1]
