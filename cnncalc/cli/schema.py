"""`cnncalc schema`: the JSON Schema of the language."""

from __future__ import annotations

from cnncalc.cli import output


def schema() -> None:
    """Print the JSON Schema of the spec language, for completion in editors and for other validators.

    Editors with the YAML language server use it if a file begins with # yaml-language-server: $schema=cnncalc.schema.json
    """
    import json

    from cnncalc.language.schema import schema as made

    output.say(json.dumps(made(), indent=1, ensure_ascii=False) + "\n")


schema.epilog = "Example: cnncalc schema > cnncalc.schema.json"  # type: ignore[attr-defined]  # for --help
