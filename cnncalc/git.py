"""Questions to git, each answered or refused within a time limit."""

from __future__ import annotations

import os
import subprocess

#: Seconds for an answer from the object database, and for one that looks at every file of the work tree.
QUICK, LONG = 10, 120


class GitError(Exception):
    """git is missing, hangs or refuses: a short sentence. `refused` if git ran and said so itself."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        self.refused = refused
        super().__init__(message)


def git(*words: str, folder: str | None = None, seconds: float = QUICK) -> bytes:
    """The output of git. Raises GitError."""
    # git must not wait for a password or an editor: there is no user to type.
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise GitError(f"git has not answered within {seconds:.0f} seconds") from None
    except (OSError, ValueError) as error:
        raise GitError(
            "git is not installed" if isinstance(error, FileNotFoundError) else f"git cannot be run: {error}"
        ) from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        message = lines[-1].removeprefix("fatal: ") if lines else "git has failed without a message"
        raise GitError(message, refused=True)
    return done.stdout


def root(start: str) -> str:
    """The root of the repository that holds a folder, found without git; the folder itself if it is in none."""
    folder = start
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return start
        folder = parent
    return folder
