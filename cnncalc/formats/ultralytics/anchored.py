"""YOLOv5's heads, which predict around anchor boxes."""

from __future__ import annotations

from cnncalc.formats.draft import shape_of
from cnncalc.formats.ultralytics.catalog import Net, Results
from cnncalc.formats.ultralytics.conv import plain_conv
from cnncalc.formats.ultralytics.general import proto
from cnncalc.graph import Producer
from cnncalc.shape import LayerError, Shape


def per_level(anchors: object, count: int) -> list[int]:
    """Anchor boxes of each level: `anchors` is a number of boxes, or per level a list of widths and heights in turn."""
    if isinstance(anchors, int) and anchors > 0:
        return [anchors] * count
    if isinstance(anchors, list) and all(isinstance(level, list) and level and len(level) % 2 == 0 for level in anchors):
        if len(anchors) == count:
            return [len(level) // 2 for level in anchors]
        raise LayerError(f"anchors has {len(anchors)} levels, and the head reads {count} rows; give as many", rule="value")
    raise LayerError("anchors is a number of boxes, or a list of widths and heights for each level", rule="value")


def detect(net: Net, xs: list[Producer], nc: int, anchors: object, more: int = 0) -> Results:
    """Per level a 1×1 convolution to (classes + 5) numbers per anchor and cell; `more` numbers for masks."""
    width = nc + 5 + more
    parts: list[Producer] = []
    boxes = per_level(anchors, len(xs))
    if len(set(boxes)) > 1:
        raise LayerError(f"every level has as many anchors, got {', '.join(map(str, boxes))}", rule="value")
    with net.group("m", "ModuleList", xs[0] if xs else None):
        maps = [plain_conv(net, str(i), x, width * boxes[i]) for i, x in enumerate(xs)]
    for i, x in enumerate(maps):
        with net.group(f"decode{i}", "boxes around anchors", x):
            parts.append(_decoded(net, x, boxes[i], nc + 5))
    output = net.layer("output", "concat", *parts, axis="length") if len(parts) > 1 else parts[0]
    return Results(output, tuple(maps))


def _decoded(net: Net, x: Producer, boxes: int, known: int) -> Producer:
    """The predictions of a level: centres and sizes in pixels, then probabilities; numbers from `known` on stay.

    Source: Redmon and Farhadi 2018, YOLOv3, sec. 2.1, with YOLOv5's bounds: a centre moves by at most 1.5 cells, and a side is
    at most four times the anchor's.
    """
    height, wide, c = shape_of(x)
    places, width = boxes * height * wide, c // boxes
    y = net.layer("boxes", "reshape", x, shape=Shape(width, height, wide, boxes))
    y = net.layer("turn", "permute", y, axes=("channels", "height", "width", "depth"))
    y = net.layer("places", "reshape", y, shape=Shape(places, width))
    more = [] if known == width else [net.layer("masks", "slice", y, channels=(known, width))]
    if more:
        y = net.layer("known", "slice", y, channels=(0, known))
    y = net.layer("sigmoid", "sigmoid", y)
    centre = net.layer("twice", "rescale", net.layer("xy", "slice", y, channels=(0, 2)), factor=2.0)
    centre = net.layer("centre", "add", centre, net.constant("grid", Shape(places, 2)))
    centre = net.layer("pixels", "rescale", centre, factor=net.stride(x))
    size = net.layer("double", "rescale", net.layer("wh", "slice", y, channels=(2, 4)), factor=2.0)
    size = net.layer("size", "multiply", net.layer("square", "square", size), net.constant("anchors", Shape(places, 2)))
    scores = net.layer("scores", "slice", y, channels=(4, known))
    return net.layer("concat", "concat", centre, size, scores, *more)


def segment(net: Net, xs: list[Producer], nc: int, anchors: object, nm: int = 32, npr: int = 256) -> Results:
    """A head with mask coefficients for each box, and the maps that they mix."""
    if nm < 1:
        raise LayerError(f"the number of masks must be an integer ≥ 1, got {nm}", rule="value")
    found = detect(net, xs, nc, anchors, nm)
    return Results(found.main, (proto(net, xs, npr, nm), *found.others))
