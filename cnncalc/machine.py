"""Cores and memory available to this process, within the limits of its control groups."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: The folders in which Linux describes the machine; tests replace them.
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Return the number of cores that this process may use, at least 1; a container may have two cores of a large machine."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return int(min(cores, _most_cores()))


@cache
def _most_cores() -> float:
    """Return the number of cores that the control groups allow; read once, because every run of a network needs it."""
    return min((max(1, math.ceil(share)) for share in _shares()), default=math.inf)


def busy() -> bool:
    """Return whether more threads are ready to run than there are cores; False if the system does not say."""
    try:
        running = (PROC / "loadavg").read_text().split()[3].partition("/")[0]
        return int(running) > (os.cpu_count() or 1)
    except (OSError, ValueError, IndexError):
        return False


def free_memory() -> int | None:
    """Return the bytes of memory that are available, None if the system does not say."""
    found = [n for n in (_free(), *_left()) if n is not None]
    return min(found) if found else None


def written(size: int) -> str:
    """Return a number of bytes as text: `1.5 GiB`."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} bytes"


def _groups(controller: str) -> Iterator[tuple[Path, bool]]:
    """Yield the control groups around this process that limit `controller`, inner to outer, and whether each is of version 2."""
    try:
        lines = (PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root = CGROUPS
        elif controller in controllers.split(","):
            root = CGROUPS / controllers
            if not root.is_dir():
                root = CGROUPS / controller
        else:
            continue
        folder = root / path.lstrip("/")
        for group in (folder, *folder.parents):
            yield group, controllers == ""
            if group == root:
                break


def _shares() -> Iterator[float]:
    """Yield the number of cores whose time each control group may use."""
    for group, second in _groups("cpu"):
        try:
            if second:
                quota, period = (group / "cpu.max").read_text().split()
            else:
                quota, period = ((group / name).read_text().strip() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
            # `max`, and −1 in version 1, mean no limit.
            if quota != "max" and int(quota) > 0:
                yield int(quota) / int(period)
        except (OSError, ValueError, ZeroDivisionError):
            continue


def _free() -> int | None:
    try:
        for line in (PROC / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        # Other systems only tell the total memory.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _left() -> Iterator[int | None]:
    """Yield the bytes of memory that each control group has left."""
    for group, second in _groups("memory"):
        limit, used = ("memory.max", "memory.current") if second else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        try:
            most = (group / limit).read_text().strip()
            if most == "max":
                continue
            # Cached files count as used, but are released when memory is short.
            cached = 0
            for line in (group / "memory.stat").read_text().splitlines():
                key, _, value = line.partition(" ")
                if key in ("inactive_file", "total_inactive_file"):
                    cached = max(cached, int(value))
            yield int(most) - int((group / used).read_text()) + cached
        except (OSError, ValueError):
            continue
