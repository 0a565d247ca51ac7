"""Text → nodes with positions, through libyaml's parser; a text that is not YAML is a problem that says where and why."""

from __future__ import annotations

import re
from typing import Any

import yaml

from cnncalc.build.reading import end_of, unusable
from cnncalc.language.source import TOO_DEEP, Composer, Mapping, Sequence, YamlNode
from cnncalc.problem import Location, Problem, SpecError

#: The largest offset, in characters, of a syntax error that PyYAML's own parser locates again.
MAX_REREAD = 100_000

#: libyaml's parser, which is many times faster; PyYAML's own parser if PyYAML was built without libyaml.
_Parser: Any = yaml.cyaml.CParser if yaml.__with_libyaml__ else yaml.SafeLoader  # type: ignore[attr-defined]  # not in its stubs
#: Characters that YAML does not allow (YAML 1.1, section 5.1). libyaml and PyYAML differ about U+FEFF inside a text.
#: The negated class of the allowed characters would be equal, but takes six times as long to compile.
_NOT_YAML = "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"


def compose(text: str, file: str | None, problems: list[Problem]) -> YamlNode | None:
    """Parse a document into nodes, None if it is empty.

    Duplicate keys are added to `problems`. Raises SpecError if the text is not YAML or exceeds a limit.
    """
    # Printable characters are all allowed, so that a text of them needs no pattern.
    found = None if text.replace("\n", "").isprintable() else re.search(_NOT_YAML, text)
    if found is not None:
        half = "\ud800" <= found[0] <= "\udfff"
        message = (
            f"U+{ord(found[0]):04X} is half a character (a surrogate); save the file as UTF-8"
            if half
            else f"not YAML: the character U+{ord(found[0]):04X} is not allowed in a text; delete it"
        )
        raise unusable("file" if half else "yaml", file, end_of(text[: found.start()]), message)
    composer = Composer(text, file, problems, _Parser)
    try:
        return composer.compose()
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error, composer.open, text, file) from None


def _unreadable(error: yaml.MarkedYAMLError, opened: list[Sequence | Mapping], text: str, file: str | None) -> SpecError:
    """Return the problem of a text that is not YAML, the same with and without libyaml.

    libyaml's messages and limits differ between its versions, so PyYAML's own parser reads the text again if the error is
    near enough to the beginning; it reads about 200,000 characters a second.
    """
    from cnncalc.language.syntax import problem_of

    mark = error.problem_mark or error.context_mark
    if _Parser is not yaml.SafeLoader and mark is not None and mark.index <= MAX_REREAD:
        again = Composer(text, file, [], yaml.SafeLoader)
        try:
            again.compose()
        except SpecError as other:
            return other
        except yaml.MarkedYAMLError as same:
            error, opened = same, again.open
    elif "nesting depth" in str(error.problem) and mark is not None:
        return unusable("limit", file, Location(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2), TOO_DEEP)
    return unusable("yaml", file, *problem_of(error, text, opened))
