"""PyTorch modules, as the reference figures describe them, as one-row networks."""

from typing import Any

KINDS = {"Conv": "conv", "ConvTranspose": "conv_transpose", "MaxPool": "maxpool", "AvgPool": "avgpool",
         "AdaptiveAvgPool": "adaptive_avgpool", "AdaptiveMaxPool": "adaptive_maxpool"}  # fmt: skip


def shape_text(shape: list[int]) -> str:
    """(C, *spatial) as a channels_first shape."""
    return "x".join(map(str, shape))


def axes_text(value: Any) -> str:
    """A number, or a list of one per axis, as the language writes it."""
    return str(value).lower() if isinstance(value, (bool, str)) else str(value)


def row(op: str, args: dict[str, Any]) -> str | None:
    """The row that says `op` with PyTorch's arguments; None where the language has no such layer."""
    kind = KINDS.get(op[:-2])
    if kind is None:
        return None
    if kind.startswith("adaptive"):
        size = args["output_size"]
        return None if isinstance(size, list) and None in size else f"{{{kind}: {axes_text(size)}}}"
    main = args["out_channels"] if kind.startswith("conv") else args["kernel_size"]
    fields = {kind: main}
    for name in ("kernel_size", "stride", "padding", "dilation", "output_padding", "groups", "bias", "count_include_pad"):
        other = (name == "kernel_size" and not kind.startswith("conv")) or (name == "output_padding" and kind != "conv_transpose")
        if args.get(name) is not None and not other:
            fields[name] = args[name]
    return "{" + ", ".join(f"{name}: {axes_text(value)}" for name, value in fields.items()) + "}"


def network(op: str, args: dict[str, Any], shape: list[int]) -> str | None:
    """A network of this one layer on an input of (C, *spatial)."""
    text = row(op, args)
    if text is None:
        return None
    fit = "ceil" if args.get("ceil_mode") else "floor"
    return f"input: {shape_text(shape)}\nlayout: channels_first\nfit: {fit}\nlayers:\n  - {text}\n"
