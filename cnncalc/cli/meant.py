"""Suggest a command for a word that is not a command."""

from __future__ import annotations

from collections.abc import Sequence

#: Names of commands in other tools, with the command of cnncalc.
_ELSEWHERE = {
    **dict.fromkeys(("help", "man", "docs", "usage"), "cnncalc --help, or cnncalc COMMAND --help"),
    **dict.fromkeys(("lint", "validate", "verify", "test"), "cnncalc check"),
    **dict.fromkeys(("summary", "print", "table", "info", "view", "inspect", "load", "open", "count"), "cnncalc show"),
    **dict.fromkeys(("params", "parameters"), "cnncalc show SPEC"),
    **dict.fromkeys(("flops", "macs", "profile", "stats"), "cnncalc show SPEC --columns macs"),
    **dict.fromkeys(("import", "read"), "cnncalc show FILE, which reads ONNX and the files of other tools"),
    **dict.fromkeys(("export", "save", "write", "dump"), "cnncalc convert SPEC -o FILE, or cnncalc show SPEC --format json"),
    **dict.fromkeys(("plot", "visualize", "visualise", "picture", "render", "graph", "diagram"), "cnncalc draw"),
    **dict.fromkeys(("forward", "infer", "predict", "execute", "benchmark"), "cnncalc run"),
    **dict.fromkeys(("compare", "cmp"), "cnncalc diff"),
    **dict.fromkeys(("search", "grid", "tune", "scan"), "cnncalc sweep"),
    **dict.fromkeys(("calc", "calculate", "compute", "conv"), "cnncalc layer"),
    **dict.fromkeys(("repl", "edit", "new", "build", "create", "init"), "cnncalc shell"),
    **dict.fromkeys(("list", "ls", "models", "zoo", "networks"), "cnncalc specs"),
    **dict.fromkeys(("rules", "rule", "kinds", "layers"), "cnncalc explain --list"),
    **dict.fromkeys(("lsp", "language-server"), "cnncalc server"),
    **dict.fromkeys(("version",), "cnncalc --version"),
    **dict.fromkeys(("fix", "format", "fmt"), "cnncalc check --fix"),
}


def hint(word: str, commands: Sequence[str]) -> str:
    """`; did you mean …?` for an unknown command."""
    from cnncalc.bundled import bundled
    from cnncalc.formats import suffixes
    from cnncalc.spelling import did_you_mean

    if word.lower().endswith(suffixes()) or word in bundled():
        return f"; did you mean cnncalc show {word}?"
    instead = _ELSEWHERE.get(word.lower())
    return f"; did you mean {instead}?" if instead is not None else did_you_mean(word, commands)
