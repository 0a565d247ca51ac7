"""The fixes of many files as one unified diff, as `git apply` and `patch` read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnncalc.report.problems.base import Result


def write(results: Iterable[Result]) -> Iterator[str]:
    import difflib

    for result in results:
        if result.change is not None:
            before, after = (text.splitlines(keepends=True) for text in result.change)
            for line in difflib.unified_diff(before, after, _quoted(f"a/{result.file}"), _quoted(f"b/{result.file}")):
                yield line if line.endswith(("\n", "\r")) else line + "\n\\ No newline at end of file\n"


def _quoted(name: str) -> str:
    r"""A file name as git writes it: in quotes with escapes if it could be misread.

    >>> _quoted("a/net.yaml"), _quoted("a/two\nlines.yaml")
    ('a/net.yaml', '"a/two\\012lines.yaml"')
    """
    if name.isprintable() and '"' not in name and "\\" not in name:
        return name
    data = name.encode("utf-8", "surrogateescape")
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in data) + '"'
