"""Which files differ from a git ref."""

from __future__ import annotations

import os
import subprocess

from cnncalc.check.settings import SettingsError


def changed_files(ref: str) -> set[str]:
    """Real paths of the files that differ from where this branch left `ref`, and of those that git does not know yet.

    Raises SettingsError where git has no answer.
    """
    top = _git("rev-parse", "--show-toplevel", ref=ref).rstrip("\n")
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", ref=ref).strip()
    try:
        base = _git("merge-base", commit, "HEAD", ref=ref).strip()
    except SettingsError:
        # A shallow clone, or histories without a common commit: the ref itself is what to compare with.
        base = commit
    names = _git("diff", "--name-only", "--no-renames", "-z", "--diff-filter=d", base, "--", folder=top, ref=ref)
    names += _git("ls-files", "--others", "--exclude-standard", "-z", folder=top, ref=ref)
    return {os.path.realpath(os.path.join(top, name)) for name in names.split("\0") if name}


def _git(*words: str, ref: str, folder: str | None = None) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False)
    except OSError:
        raise SettingsError("--diff-base needs git, and there is none") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SettingsError(f"--diff-base {ref}: {said[-1] if said else 'git knows no such commit'}")
    return os.fsdecode(done.stdout)
