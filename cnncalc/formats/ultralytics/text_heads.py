"""Heads that compare the map with an embedding of each class's name: YOLO-World and YOLOE."""

from __future__ import annotations

from cnncalc.formats.draft import channels, shape_of
from cnncalc.formats.ultralytics.catalog import Net, Results, module
from cnncalc.formats.ultralytics.general import flat_map, proto
from cnncalc.formats.ultralytics.heads import Detection, levels, proto26
from cnncalc.formats.ultralytics.products import normalised
from cnncalc.graph import Producer
from cnncalc.shape import LayerError, Shape


def _contrast(net: Net, prefix: str, maps: list[Producer], text: Producer, normalised_maps: bool) -> list[Producer]:
    """At each cell the product of the map with every class's embedding, a learned factor and offset."""
    classes = shape_of(text)[0]
    found = []
    words = normalised(net, f"{prefix}classes", text)
    with net.group(f"{prefix}cv4", "ModuleList", maps[0]):
        for i, x in enumerate(maps):
            with net.group(str(i), "BNContrastiveHead" if normalised_maps else "ContrastiveHead", x):
                y = net.layer("norm", "batchnorm", x) if normalised_maps else x
                height, width, _ = shape_of(y)
                y = flat_map(net, "cells", y if normalised_maps else normalised(net, "map", y))
                y = net.layer("compare", "matmul", y, words, transpose="second")
                # The factor is learned as its logarithm.
                y = net.layer("scale", "rescale", y, learned=True)
                found.append(net.layer("map", "reshape", y, shape=Shape(height, width, classes)))
    return found


@module("WorldDetect", many=True)
def _world(net: Net, xs: list[Producer], nc: int = 80, embed: int = 512, with_bn: bool = False, *more: object) -> Results:
    head = Detection(net, xs, nc, 16)
    text = net.text(embed, given=True)
    boxes = head.boxes("")
    maps = _contrast(net, "", head.class_maps("", embed, separable=False), text, with_bn)
    return Results(head.decoded(boxes, levels(net, "scores", maps)))


def _linear(n: int, k: int) -> int:
    """Parameters of a linear layer with bias."""
    return (n + 1) * k


def _yoloe(net: Net, xs: list[Producer], nc: int, embed: int, masks: int = 0) -> Results:
    head = Detection(net, xs, nc, net.reg_max)
    if head.class_width > embed:
        raise LayerError(f"the class branch has {head.class_width} channels, more than the embedding's {embed}")
    text = net.text(embed)
    # Two linear layers with a gate between them, which run once for each set of names and not for each image.
    net.layer("reprta", "unused", text, parameters=_linear(embed, 4 * embed) + _linear(2 * embed, embed))
    _visual(net, xs, head.class_width, embed)
    found: list[tuple[Producer, ...]] = []
    for prefix in ("", "one2one_") if net.end2end else ("",):
        boxes = head.boxes(prefix)
        maps = _contrast(net, prefix, head.class_maps(prefix, embed, separable=not net.legacy), text, normalised_maps=True)
        parts: tuple[Producer, ...] = (boxes, levels(net, f"{prefix}scores", maps))
        if masks:
            parts = (*parts, levels(net, f"{prefix}extra", head.extra(prefix, "cv5", max(channels(xs[0]) // 4, masks), masks)))
        found.append(parts)
    others = tuple(part for parts in found[1:] for part in parts)
    return Results(head.decoded(*found[0]), others)


def _visual(net: Net, xs: list[Producer], c: int, embed: int) -> None:
    """The encoder of visual prompts, which takes the place of the text when a prompt is drawn; only its weights count here."""
    inner = 16
    parameters = buffers = 0
    # Windows, channels in and out of each convolution with batch normalisation.
    for wide in map(channels, xs):
        for k, c1, c2 in ((3, wide, c), (3, c, c), (1, wide, c)):
            parameters += k * k * c1 * c2 + 2 * c2
            buffers += 2 * c2
    parameters += 3 * c * embed + embed + 9 * 3 * c * inner + inner + 9 * inner + inner
    parameters += 9 * 2 * inner * inner + 2 * inner + 9 * inner * inner + inner
    buffers += 2 * inner
    net.layer("savpe", "unused", xs[0], parameters=parameters, buffers=buffers)


@module("YOLOEDetect", many=True)
def _yoloe_detect(net: Net, xs: list[Producer], nc: int = 80, embed: int = 512, with_bn: bool = True, *more: object) -> Results:
    return _yoloe(net, xs, nc, embed)


@module("YOLOESegment", many=True)
def _yoloe_segment(
    net: Net, xs: list[Producer], nc: int = 80, nm: int = 32, npr: int = 256, embed: int = 512, *more: object
) -> Results:
    found = _yoloe(net, xs, nc, embed, nm)
    return Results(found.main, (proto(net, xs, npr, nm), *found.others))


@module("YOLOESegment26", many=True)
def _yoloe_segment26(
    net: Net, xs: list[Producer], nc: int = 80, nm: int = 32, npr: int = 256, embed: int = 512, *more: object
) -> Results:
    found = _yoloe(net, xs, nc, embed, nm)
    return Results(found.main, (proto26(net, xs, npr, nm, nc), *found.others))
