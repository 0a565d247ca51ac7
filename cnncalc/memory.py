"""How much memory this process may still take: the machine's free memory, within the limits of its control groups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

#: Where Linux says what there is; tests look elsewhere.
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def available() -> int | None:
    """Bytes that can still be taken, None where the system does not say."""
    found = [n for n in (_free(), *_limits()) if n is not None]
    return min(found) if found else None


def _free() -> int | None:
    try:
        for line in (PROC / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        # Elsewhere the whole memory is all that is known.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _limits() -> Iterator[int | None]:
    """What each control group around this process has left: version 2's files, then version 1's."""
    try:
        lines = (PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, limit, used = CGROUPS, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root, limit, used = CGROUPS / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        folder = root / path.lstrip("/")
        for group in (folder, *folder.parents):
            yield _left(group, limit, used)
            if group == root:
                break


def _left(group: Path, limit: str, used: str) -> int | None:
    try:
        most = (group / limit).read_text().strip()
        if most == "max":
            return None
        # Files that the group has cached count as used, and are given back when memory is short.
        cached = 0
        for line in (group / "memory.stat").read_text().splitlines():
            key, _, value = line.partition(" ")
            if key in ("inactive_file", "total_inactive_file"):
                cached = max(cached, int(value))
        return int(most) - int((group / used).read_text()) + cached
    except (OSError, ValueError):
        return None


def written(size: int) -> str:
    """Bytes for a reader: `1.5 GiB`."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} bytes"
