"""A Dask cluster gives what one process gives, also if a worker is killed half-way."""

from __future__ import annotations

import os
import signal
import time

import pytest

from cnncalc.cluster import ClusterError, cluster_map

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


def square(number: int) -> int:
    return number * number


def slow_square(number: int) -> int:
    time.sleep(0.02)
    return number * number


def killer(number: int) -> int:
    """The square, or the end of the process that is asked for 7."""
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


#: On a busy machine a worker takes longer to start than the 30 seconds that Dask waits.
_PATIENT = {
    "distributed.comm.timeouts.connect": "600s",
    "distributed.comm.timeouts.tcp": "600s",
    "distributed.scheduler.worker-ttl": None,
}


@pytest.fixture(scope="module")
def cluster():
    import dask

    # By default an item is given up after four workers have died of it, each of which takes seconds to come back.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0, **_PATIENT}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as found,
    ):
        yield found


def test_results_in_order(cluster):
    assert list(cluster_map(square, range(500), cluster.scheduler_address)) == [n * n for n in range(500)]


def test_a_killed_worker_loses_nothing_and_doubles_nothing(cluster):
    results = cluster_map(slow_square, range(200), cluster.scheduler_address)
    found = [next(results) for _ in range(40)]
    victim = next(iter(cluster.workers.values()))
    os.kill(victim.process.pid, signal.SIGKILL)
    assert found + list(results) == [n * n for n in range(200)]


def test_an_item_that_kills_its_workers_is_given_up(cluster):
    found = list(cluster_map(killer, range(12), cluster.scheduler_address, lost=lambda number: -number))
    assert found == [n * n if n != 7 else -7 for n in range(12)]


def test_no_scheduler(monkeypatch):
    monkeypatch.setattr("cnncalc.cluster._PATIENCE", 1.0)
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"):
        list(cluster_map(square, [1], "tcp://127.0.0.1:9"))


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:9x"])
def test_an_address_that_is_none(address):
    with pytest.raises(ClusterError, match=f"{address} is no address of a scheduler, such as tcp://host:8786: "):
        list(cluster_map(square, [1], address))


def test_a_scheduler_that_goes_away(monkeypatch):
    monkeypatch.setattr("cnncalc.cluster._PATIENCE", 2.0)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as gone:
        results = cluster_map(slow_square, range(2000), gone.scheduler_address)
        assert next(results) == 0
        gone.close()
        with pytest.raises(ClusterError, match=r"^the scheduler went away$"):
            list(results)


def test_checks_are_those_of_one_process(cluster, tmp_path, monkeypatch):
    from cnncalc.check.session import CheckRequest, CheckSession

    monkeypatch.chdir(tmp_path)
    for n in range(40):
        (tmp_path / f"{n}.yaml").write_text(f"input: 7x7x1\nlayers:\n  - {{conv: 1, kernel_size: 3, stride: {1 + n % 3}}}\n")
    alone = list(CheckSession(CheckRequest(["."], jobs=1)).results())
    assert sum(bool(result.problems) for result in alone) == 13
    assert list(CheckSession(CheckRequest(["."], scheduler=cluster.scheduler_address)).results()) == alone
