"""The modules of a folder, so that a new file needs no entry in a list elsewhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable


def modules(folders: Iterable[str], without: Collection[str] = ()) -> list[str]:
    """Return the names of the modules and packages in a package's folders, sorted, except `__init__` and those in `without`."""
    names = set()
    for folder in folders:
        for entry in os.listdir(folder):
            name, suffix = os.path.splitext(entry)
            # A folder without a suffix is a package; a file .pyc beside its source's place is a compiled module.
            if suffix in (".py", ".pyc", "") and not name.startswith(("_", ".")):
                names.add(name)
    return sorted(names.difference(without))
