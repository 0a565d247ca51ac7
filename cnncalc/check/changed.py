"""Which files differ from a git ref."""

from __future__ import annotations

import os

from cnncalc.check.settings import SettingsError
from cnncalc.git import LONG, QUICK, GitError, git


def changed_files(ref: str) -> set[str]:
    """Return the real paths of files that differ from the commit where this branch left `ref`, and of untracked files.

    Raises SettingsError if git fails.
    """
    top = _ask("rev-parse", "--show-toplevel", ref=ref).rstrip("\n")
    commit = _ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", ref=ref).strip()
    try:
        base = _ask("merge-base", commit, "HEAD", ref=ref).strip()
    except SettingsError:
        # A shallow clone, or histories without a common commit: the ref itself is what to compare with.
        base = commit
    names = _ask("diff", "--name-only", "--no-renames", "-z", "--diff-filter=d", base, "--", folder=top, ref=ref)
    names += _ask("ls-files", "--others", "--exclude-standard", "-z", folder=top, ref=ref)
    return {os.path.realpath(os.path.join(top, name)) for name in names.split("\0") if name}


def _ask(*words: str, ref: str, folder: str | None = None) -> str:
    seconds = LONG if words[0] in ("diff", "ls-files") else QUICK
    try:
        return os.fsdecode(git(*words, folder=folder, seconds=seconds))
    except GitError as error:
        unknown = error.refused and words[:2] == ("rev-parse", "--verify")
        raise SettingsError(f"--diff-base {ref}: {'git knows no such commit' if unknown else error}") from None
