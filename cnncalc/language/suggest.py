"""Suggestions for unknown names: the nearest valid name, and translations of other tools' names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from cnncalc.language import foreign
from cnncalc.layers import KINDS, Layer
from cnncalc.layers.base import Pointwise
from cnncalc.layers.option import Cells, Option, PerAxis
from cnncalc.layers.sliding import Sliding
from cnncalc.shape import LayerError
from cnncalc.spelling import nearest, normal
from cnncalc.values import Map, Value, boolean, written


def kind_called(word: str) -> str | None:
    """Return the kind that has this name here or in another tool, a module's path ignored: `nn.Conv2d` → conv."""
    last = word.rpartition(".")[2]
    if last in KINDS:
        return last
    plain = normal(last)
    if plain in foreign.ADVICE:
        return None
    for form in (plain, plain.removeprefix("lazy")):
        for name, kind in KINDS.items():
            if form == normal(name) or form in (normal(other) for other in kind.also):
                return name
    return None


def kind_for(word: str) -> str | None:
    """Return the kind that `word` means in another tool, or the most similar kind; None for a known layer without a kind."""
    called = kind_called(word)
    if called is not None or foreign.advice(normal(word.rpartition(".")[2])) is not None:
        return called
    return nearest(word, [*KINDS, "block", "branches"])


def kind_hint(word: str) -> str:
    """Return the hint for the unknown kind `word`: what to write instead, or where the kinds are listed."""
    kind = kind_for(word)
    if kind is not None:
        return f"; did you mean {kind}?"
    advice = foreign.advice(normal(word.rpartition(".")[2]))
    return f"; {advice}" if advice is not None else "; `cnncalc explain --list` names them all"


def field_for(kind: type[Layer], word: str) -> Option[Any] | None:
    """Return the field of `kind` that has the name `word` here or in another tool."""
    plain = normal(word)
    for name, declared in kind.options.items():
        if word in declared.also or plain in (normal(other) for other in (name, *declared.also)):
            return declared
    return None


def text(value: Value) -> str:
    """Return a value as it is written in a row in braces: an expression in quotes, … for no value."""
    shown = written(value) if value is not None else "…"
    return f'"{shown}"' if isinstance(value, str) and ("${" in shown or shown.count(":") == 1) else shown


def braces(pairs: dict[str, str]) -> str:
    """Return a row in braces, with at most eight pairs."""
    shown = [f"{written(key)}: {value}" for key, value in list(pairs.items())[:8]]
    return "{" + ", ".join([*shown, *(["…"] if len(pairs) > 8 else [])]) + "}"


def _sample(kind: type[Layer], declared: Option[Any]) -> str:
    """Return a valid value of the field."""
    if isinstance(declared.type, PerAxis):
        return "2" if declared.main else "3"
    if isinstance(declared.type, Cells):
        return "1"
    value = kind.example.row[kind.kind if declared.main else declared.name]
    return text(tuple(map(str, value)) if isinstance(value, list) else str(value))


def usage(kind: type[Layer], fields: dict[str, str], given: str = "") -> str:
    """Return a row of `kind` with these fields, and sample values for missing required fields: `{maxpool: 2}`.

    `given` is the kind's value if the row has it.
    """
    values = {declared.name: _sample(kind, declared) for declared in kind.options.values() if declared.required}
    main = values.pop(kind.main.name, "") if kind.main is not None else ""
    return braces({kind.kind: given or main, **values, **fields})


def is_readable(kind: type[Layer], key: str, value: Value) -> bool:
    """Return whether a field's value is valid as far as it is known; unknown keys and expressions are not judged."""
    declared = kind.main if key == kind.kind else kind.options.get(key)
    if declared is None or declared.wires or "${" in written(value):
        return True
    try:
        declared.type.parse(value, "channels_last")
    except LayerError:
        return False
    return True


def own_row(name: str, value: Value) -> str:
    """Return the hint for a kind written as a field of another kind: its own row, with `value` if the kind can have it."""
    kind = KINDS[name]
    if isinstance(value, str) and boolean(value) is False:
        return f"leave it out, {name} would be a row of its own"
    row = name
    if kind.main is not None:
        if is_readable(kind, name, value):
            main = text(value)
        else:
            main = _sample(kind, kind.main) if kind.main.required else ""
        more = ", …" if any(o.required and not o.main for o in kind.options.values()) else ""
        row = f"{{{name}: {main}{more}}}" if main else name
    return f"{name} is a row of its own: - {row}"


def rewritten(name: str, fields: dict[str, Value]) -> str:
    """Return the row to write instead of a row whose kind is a value: `{conv: 32, kernel_size: 3}`."""
    kind = KINDS[name]
    main = "…" if kind.main is not None and kind.main.required else ""
    values: dict[str, str] = {}
    flat: dict[str, Value] = {}
    for key, value in fields.items():
        # Caffe's layers hold their fields in maps such as convolution_param.
        if key.endswith("_param") and isinstance(value, Map):
            flat.update(value)
        elif key in ("bottom", "bottoms", "inputs") and isinstance(value, str):
            flat["from"] = value
        elif key not in ("top", "tops", *_FLOWS_IN):
            flat[key] = value
    for key, value in flat.items():
        declared = field_for(kind, key)
        if declared is not None and declared is kind.main:
            main = text(value)
        else:
            values[declared.name if declared is not None else key] = text(value)
    if not main and not values:
        return f"- {name}"
    return braces({name: main, **values})


_FLOWS_IN = frozenset((
    "in_channels", "in_features", "in_planes", "in_dim", "input_channels", "input_dim", "input_shape", "input_size",
    "embed_dim", "d_model", "num_features", "num_channels", "num_embeddings", "normalized_shape", "n_in", "c_in",
))  # fmt: skip
#: Keys of every row under the names of other tools.
_ROW_KEYS_ELSEWHERE = {
    "id": "name", "label": "name", "input": "from", "inputs": "from", "bottom": "from", "source": "from", "after": "from",
    "times": "repeat", "count": "repeat", "number": "repeat", "repeats": "repeat", "n": "repeat",
}  # fmt: skip
_ACTIVATION = frozenset(("activation", "act", "activationfn", "actfn", "activationfunction", "nonlinearity"))
_NORM = frozenset(("norm", "batchnormalize", "normalization", "normalizer", "normlayer", "normalizationlayer"))
#: Options of other tools whose values mean something else than those of the field.
_OTHERWISE = frozenset(("depth_radius", "center", "scale", "return_sequences", "return_state"))
#: Options of other tools that do not change sizes or counts.
_NO_MATTER = re.compile(
    r"(kernel|bias|weight|gamma|beta|activity|depthwise|recurrent)?_?(initializer|init|regularizer|constraint|filler)"
    r"|inplace|dtype|device|momentum|track_running_stats|weight_decay|batch_first|return_indices"
)


def _elsewhere(kind: type[Layer], word: str, value: Value) -> str | None:
    """Return the advice for a field of another tool; None if the field is not known."""
    plain = normal(word)
    if word == "normalized_shape" and "over" in kind.options and isinstance(value, tuple) and len(value) > 1:
        return "write over: all to normalise every number of an example together; its sizes come from what flows in"
    if word == "depth_radius" and "beta" in kind.options:
        # TensorFlow counts the neighbours on one side.
        radius = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else 2
        return f"a radius of {radius} is a size of {2 * radius + 1}: {{{kind.kind}: {2 * radius + 1}}}"
    if word in ("center", "scale") and "affine" in kind.options and kind.kind != "rmsnorm":
        return "affine: false leaves out factor and offset; one of the two alone cannot be left out"
    if word in ("return_sequences", "return_state") and "return" in kind.options:
        whole = isinstance(value, str) and boolean(value) and word == "return_sequences"
        return "write return: sequence" if whole else "leave it out, the last state comes out"
    if word in ("channels", "depth") and kind.main is not None:
        return f"the channels that flow in are known, and the channels that come out are the value of {kind.kind}; leave it out"
    if word in _FLOWS_IN:
        return "leave it out, it comes from what flows in"
    if plain in _ACTIVATION:
        found = kind_called(value) if isinstance(value, str) else None
        if found is not None and issubclass(KINDS[found], Pointwise):
            return f"an activation is a row of its own: - {found}"
        if value is None or str(value).lower() in ("none", "linear", "identity", "false"):
            return "leave it out, an activation is a row of its own"
        return "an activation is a row of its own, as in - relu"
    if plain in _NORM:
        found = kind_called(value) if isinstance(value, str) else None
        own = f": - {found}" if found in ("batchnorm", "layernorm", "instancenorm") else ", as in - batchnorm"
        return f"a normalisation is a row of its own{own}"
    if word in ("freeze", "frozen", "requires_grad", "stop_gradient"):
        frozen = isinstance(value, str) and bool(boolean(value)) != (word == "requires_grad")
        return "write trainable: false" if frozen else "leave it out, weights are trained by default"
    if word in ("transpose_a", "transpose_b", "transA", "transB") and "transpose" in kind.options:
        which = "first" if word[-1].lower() == "a" else "second"
        return f"write transpose: {which}" if isinstance(value, str) and boolean(value) is not False else "leave it out"
    if word == "ceil_mode" and issubclass(kind, Sliding):
        return "write fit: ceil" if isinstance(value, str) and boolean(value) else "leave it out"
    if word in ("data_format", "layout"):
        return "the file says layout once, beside input"
    if _NO_MATTER.fullmatch(word):
        return "leave it out, it changes no size and no count"
    if plain in ("pool", "pooling"):
        return own_row("maxpool", value)
    found = kind_called(word) if word not in _ROW_KEYS_ELSEWHERE else None
    if found is not None and word != "merge" and not any(word in other.options for other in KINDS.values()):
        return own_row(found, value)
    return None


def fields_meant(kind: type[Layer], word: str) -> set[str]:
    """Return the name of the field that an unknown key most likely means; empty if no field is similar."""
    declared = field_for(kind, word)
    near = declared.name if declared is not None else nearest(word, list(kind.options))
    return {near} if near is not None else set()


def is_meant(kind: type[Layer], fault: LayerError, meant: Collection[str]) -> bool:
    """Return whether a field is called missing that an unknown key means, or that is not needed beside a field it means."""
    main = kind.main.name if kind.main is not None else None
    name = fault.field or main
    needed = name not in kind.options or kind.options[name].required
    return fault.rule == "missing" and (name in meant or (main in meant and not needed))


def field_near(kind: type[Layer], word: str, row_keys: Iterable[str], value: Value) -> str | None:
    """Return the key that the unknown field `word` of `kind` stands for; None if none does, or if its value changes as well."""
    main = kind.main
    declared = field_for(kind, word) if not word.startswith("transpose_") else None
    if declared is not None:
        return declared.name if word not in _OTHERWISE and declared is not main else None
    if _elsewhere(kind, word, value) is not None:
        return None
    if word in _ROW_KEYS_ELSEWHERE:
        return _ROW_KEYS_ELSEWHERE[word]
    return nearest(word, [*(name for name, one in kind.options.items() if one is not main), *row_keys])


def field_hint(kind: type[Layer], word: str, row_keys: Iterable[str], value: Value) -> str:
    """Return the hint for the unknown field `word` of `kind`."""
    main = kind.main
    declared = field_for(kind, word) if not word.startswith("transpose_") else None
    if declared is not None and word in _OTHERWISE:
        return f"; {_elsewhere(kind, word, value)}"
    if declared is not None and declared is main:
        try:
            declared.type.parse(value, "channels_last")
            return f"; it is the value of {kind.kind}: {{{kind.kind}: {text(value)}}}"
        except LayerError as error:
            if value is not None and "${" not in written(value):
                return f"; it is the value of {kind.kind}, which {error.template}"
            return f"; it is the value of {kind.kind}: {{{kind.kind}: {text(value)}}}"
    near = field_near(kind, word, row_keys, value)
    if near is not None and word in _ROW_KEYS_ELSEWHERE and declared is None and value is not None:
        return f"; write {near}: {text(value)}"
    if near is not None:
        return f"; did you mean {near}?"
    instead = _elsewhere(kind, word, value)
    if instead is not None:
        return f"; {instead}"
    allowed = [name for name, declared in kind.options.items() if declared is not main]
    return f"; it has {', '.join(allowed)}" if allowed else "; it has no fields"
