"""Heads: classification, detection in its variants, masks, key points, semantic maps and depth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from cnncalc.formats.draft import channels, shape_of
from cnncalc.formats.ultralytics import anchored
from cnncalc.formats.ultralytics.blocks import add, concat
from cnncalc.formats.ultralytics.catalog import Net, Results, module
from cnncalc.formats.ultralytics.conv import conv_bn, depthwise, plain_conv
from cnncalc.formats.ultralytics.general import flat_map, proto, prototypes
from cnncalc.graph import Producer
from cnncalc.shape import LayerError, Shape

Tower = Callable[[Net, Producer], Producer]
"""Lays out the layers of a head for one level."""


def conv_weights(c1: int, c2: int, k: int) -> int:
    """Parameters of a convolution with batch normalisation."""
    return k * k * c1 * c2 + 2 * c2


@module("Classify", many=True)
def _classify(net: Net, xs: list[Producer], c2: int, k: int = 1, s: int = 1, p: int | None = None, g: int = 1) -> Producer:
    x = conv_bn(net, "conv", concat(net, *xs) if len(xs) > 1 else xs[0], 1280, k, s, p, g)
    x = net.layer("flatten", "flatten", net.layer("pool", "adaptive_avgpool", x, output_size=1))
    x = net.layer("linear", "fc", net.layer("drop", "dropout", x, rate=0.0), units=c2)
    return net.layer("softmax", "softmax", x)


def _two_convs(c: int, out: int) -> Tower:
    """Two 3×3 convolutions and a 1×1 one with bias."""

    def tower(net: Net, x: Producer) -> Producer:
        return plain_conv(net, "2", conv_bn(net, "1", conv_bn(net, "0", x, c, 3), c, 3), out)

    return tower


def _separable(c: int, out: int, dense: bool = False) -> Tower:
    """Two depthwise convolutions, each followed by a 1×1 one, and a 1×1 one with bias."""

    def step(net: Net, name: str, x: Producer) -> Producer:
        with net.group(name, "Sequential", x):
            wide = channels(x)
            y = conv_bn(net, "0", x, wide, 3, g=wide) if dense else depthwise(net, "0", x, wide, 3)
            return conv_bn(net, "1", y, c)

    def tower(net: Net, x: Producer) -> Producer:
        return plain_conv(net, "2", step(net, "1", step(net, "0", x)), out)

    return tower


def towers(net: Net, name: str, xs: Sequence[Producer], tower: Tower) -> list[Producer]:
    """A separate tower for each level."""
    found = []
    with net.group(name, "ModuleList", xs[0]):
        for i, x in enumerate(xs):
            with net.group(str(i), "Sequential", x):
                found.append(tower(net, x))
    return found


def levels(net: Net, name: str, maps: Sequence[Producer]) -> Producer:
    """The cells of all levels as one sequence of predictions."""
    with net.group(name, "levels", maps[0]):
        parts = [flat_map(net, f"level{i}", x) for i, x in enumerate(maps)]
        return net.layer("concat", "concat", *parts, axis="length") if len(parts) > 1 else parts[0]


class Detection:
    """The parts of a detection head over some levels, laid out in the open group."""

    def __init__(self, net: Net, xs: Sequence[Producer], nc: int, reg_max: int) -> None:
        if not xs:
            raise LayerError("a head reads at least one row")
        self.net = net
        self.xs = xs
        self.nc = nc
        self.reg_max = reg_max
        first = channels(xs[0])
        self.box_width = max(16, first // 4, reg_max * 4)
        self.class_width = max(first, min(nc, 100))
        self._cells: Producer | None = None
        self._strides: Producer | None = None

    def boxes(self, prefix: str) -> Producer:
        return levels(
            self.net, f"{prefix}boxes", towers(self.net, f"{prefix}cv2", self.xs, _two_convs(self.box_width, 4 * self.reg_max))
        )

    def class_maps(self, prefix: str, out: int, *, separable: bool, dense: bool = False) -> list[Producer]:
        tower = _separable(self.class_width, out, dense) if separable else _two_convs(self.class_width, out)
        return towers(self.net, f"{prefix}cv3", self.xs, tower)

    def extra(self, prefix: str, name: str, c: int, out: int) -> list[Producer]:
        """The maps of a further branch."""
        return towers(self.net, f"{prefix}{name}", self.xs, _two_convs(c, out))

    def decoded(self, boxes: Producer, scores: Producer, *more: Producer, angle: Producer | None = None) -> Producer:
        """Boxes in pixels, the probabilities of the classes, and what else is predicted at each place."""
        net = self.net
        places = shape_of(boxes)[0]
        if self.reg_max > 1:
            # A box's side is the mean of a distribution over reg_max distances.
            y = net.layer("dfl.view", "reshape", boxes, shape=Shape(self.reg_max, places, 4))
            y = net.layer("dfl.transpose", "permute", y, axes=("channels", "width", "height"))
            y = net.layer("dfl.softmax", "softmax", y)
            y = net.layer("dfl.conv", "conv", y, filters=1, kernel_size=1, bias=False, trainable=False)
            boxes = net.layer("dfl.flatten", "reshape", y, shape=Shape(places, 4))
        with net.group("decode", "boxes in pixels", boxes):
            before = net.layer("before", "slice", boxes, channels=(0, 2))
            after = net.layer("after", "slice", boxes, channels=(2, 4))
            boxes = net.layer("concat", "concat", *(self._box if angle is None else self._turned)(before, after, angle))
            boxes = net.layer("pixels", "multiply", boxes, self.strides(places))
        return net.layer("output", "concat", boxes, net.layer("sigmoid", "sigmoid", scores), *more)

    def _box(self, before: Producer, after: Producer, _: Producer | None) -> tuple[Producer, Producer]:
        """Centre and size in cells, from the distances of a cell's centre to the sides before and after it."""
        net, cells = self.net, self.cells(shape_of(before)[0])
        first, last = net.layer("first", "subtract", cells, before), net.layer("last", "add", cells, after)
        return net.layer("centre", "average", first, last), net.layer("size", "subtract", last, first)

    def _turned(self, before: Producer, after: Producer, angle: Producer | None) -> tuple[Producer, Producer]:
        """The same for a box that is turned by an angle."""
        assert angle is not None
        net, places = self.net, shape_of(before)[0]
        if channels(angle) != 1:
            raise LayerError(f"a box has one angle, got {channels(angle)}", rule="value")
        offset = net.layer("half", "rescale", net.layer("difference", "subtract", after, before), factor=0.5)
        x, y = (net.layer(name, "slice", offset, channels=(i, i + 1)) for i, name in enumerate("xy"))
        cos, sin = net.layer("cos", "cos", angle), net.layer("sin", "sin", angle)
        across = net.layer("across", "subtract", net.layer("x_cos", "multiply", x, cos), net.layer("y_sin", "multiply", y, sin))
        down = net.layer("down", "add", net.layer("x_sin", "multiply", x, sin), net.layer("y_cos", "multiply", y, cos))
        offset = net.layer("turned", "concat", across, down)
        return net.layer("centre", "add", offset, self.cells(places)), net.layer("size", "add", before, after)

    def cells(self, places: int) -> Producer:
        """The centre of each cell, in cells of its level."""
        if self._cells is None:
            self._cells = self.net.constant("cells", Shape(places, 2))
        return self._cells

    def strides(self, places: int) -> Producer:
        """Pixels per cell at each place."""
        if self._strides is None:
            self._strides = self.net.constant("strides", Shape(places, 1))
        return self._strides

    def points(self, extra: Producer, kpt_shape: list[int], factor: float) -> Producer:
        """Key points in pixels, from their offsets to the cell's centre in cells, and how visible they are."""
        net, (count, numbers), places = self.net, kpt_shape, shape_of(extra)[0]
        with net.group("points", "key points in pixels", extra):
            y = net.layer("view", "reshape", extra, shape=Shape(numbers, places, count))
            y = net.layer("turn", "permute", y, axes=("width", "channels", "height"))
            at = net.layer("xy", "slice", y, channels=(0, 2)) if numbers > 2 else y
            if factor != 1:
                at = net.layer("twice", "rescale", at, factor=factor)
            at = net.layer("move", "add", at, net.constant("cells", Shape(places, count, 2)))
            at = net.layer("pixels", "multiply", at, net.constant("strides", Shape(places, count, 1)))
            if numbers > 2:
                seen = net.layer("sigmoid", "sigmoid", net.layer("seen", "slice", y, channels=(2, numbers)))
                at = net.layer("concat", "concat", at, seen)
            at = net.layer("back", "permute", at, axes=("channels", "height", "width"))
            return net.layer("result", "reshape", at, shape=Shape(places, count * numbers))


def _simple(head: Detection, prefix: str) -> tuple[Producer, Producer]:
    """Boxes and scores at each place."""
    boxes = head.boxes(prefix)
    maps = head.class_maps(prefix, head.nc, separable=not head.net.legacy)
    return boxes, levels(head.net, f"{prefix}scores", maps)


@module("Detect", many=True)
def _detect(net: Net, xs: list[Producer], nc: int = 80, anchors: object = None, *more: object) -> Results:
    if net.anchored:
        return anchored.detect(net, xs, nc, anchors)
    return _with_branch(net, xs, nc, None, 0)


def _with_branch(
    net: Net, xs: list[Producer], nc: int, name: str | None, width: int, c: int = 0, finish: Finish | None = None
) -> Results:
    """A detection head; `width` more numbers at each place come from a further branch `name` of `c` channels."""
    head = Detection(net, xs, nc, net.reg_max)
    found: list[tuple[Producer, ...]] = []
    for prefix in ("", "one2one_") if net.end2end else ("",):
        parts: tuple[Producer, ...] = _simple(head, prefix)
        if name is not None:
            parts = (*parts, levels(net, f"{prefix}extra", head.extra(prefix, name, c, width)))
        found.append(parts)
    # With two heads, the network's prediction is made of the second one only if it runs end to end, which is chosen later.
    main = finish(head, *found[0]) if finish is not None else head.decoded(*found[0])
    return Results(main, tuple(part for parts in found[1:] for part in parts))


Finish = Callable[[Detection, Producer, Producer, Producer], Producer]
"""Makes the prediction from boxes, scores and the further branch of a detection head."""


@module("OBB", many=True)
def _obb(net: Net, xs: list[Producer], nc: int = 80, ne: int = 1, *more: object) -> Results:
    def finish(head: Detection, boxes: Producer, scores: Producer, angle: Producer) -> Producer:
        # Angles from -π/4 to 3π/4.
        angle = net.layer("angle", "rescale", net.layer("angle.sigmoid", "sigmoid", angle), factor=math.pi, offset=-math.pi / 4)
        return head.decoded(boxes, scores, angle, angle=angle)

    return _with_branch(net, xs, nc, "cv4", ne, max(channels(xs[0]) // 4, ne), finish)


@module("OBB26", many=True)
def _obb26(net: Net, xs: list[Producer], nc: int = 80, ne: int = 1, *more: object) -> Results:
    def finish(head: Detection, boxes: Producer, scores: Producer, angle: Producer) -> Producer:
        return head.decoded(boxes, scores, angle, angle=angle)

    return _with_branch(net, xs, nc, "cv4", ne, max(channels(xs[0]) // 4, ne), finish)


@module("Pose", many=True)
def _pose(net: Net, xs: list[Producer], nc: int = 80, kpt_shape: list[int] = [17, 3], *more: object) -> Results:  # noqa: B006 - read only
    numbers = _numbers(kpt_shape)

    def finish(head: Detection, boxes: Producer, scores: Producer, extra: Producer) -> Producer:
        return head.decoded(boxes, scores, head.points(extra, kpt_shape, 2.0))

    return _with_branch(net, xs, nc, "cv4", numbers, max(channels(xs[0]) // 4, numbers), finish)


def _numbers(kpt_shape: list[int]) -> int:
    if len(kpt_shape) != 2 or kpt_shape[0] < 1 or kpt_shape[1] not in (2, 3):
        raise LayerError(
            f"kpt_shape is the number of key points and 2 or 3 numbers for each, as [17, 3], got {kpt_shape}", rule="value"
        )
    return kpt_shape[0] * kpt_shape[1]


@module("Pose26", many=True)
def _pose26(net: Net, xs: list[Producer], nc: int = 80, kpt_shape: list[int] = [17, 3], *more: object) -> Results:  # noqa: B006 - read only
    numbers = _numbers(kpt_shape)
    points = kpt_shape[0]
    c = max(channels(xs[0]) // 4, points * (kpt_shape[1] + 2))
    head = Detection(net, xs, nc, net.reg_max)

    def features(net: Net, x: Producer) -> Producer:
        return conv_bn(net, "1", conv_bn(net, "0", x, c, 3), c, 3)

    found: list[tuple[Producer, ...]] = []
    for prefix in ("", "one2one_") if net.end2end else ("",):
        boxes, scores = _simple(head, prefix)
        maps = towers(net, f"{prefix}cv4", xs, features)
        with net.group(f"{prefix}cv4_kpts", "ModuleList", maps[0]):
            points_of = [plain_conv(net, str(i), x, numbers) for i, x in enumerate(maps)]
        found.append((boxes, scores, levels(net, f"{prefix}extra", points_of)))
        # The spread of each point, for training.
        with net.group(f"{prefix}cv4_sigma", "ModuleList", maps[0]):
            for i, x in enumerate(maps):
                net.layer(str(i), "unused", x, parameters=(c + 1) * 2 * points)
    # For training, six steps of a flow, each of two networks 2 → 64 → 64 → 2.
    net.layer("flow_model", "unused", found[0][2], parameters=12 * (2 * 64 + 64 + 64 * 64 + 64 + 64 * 2 + 2))
    others = [part for parts in found[1:] for part in parts]
    boxes, scores, extra = found[0]
    return Results(head.decoded(boxes, scores, head.points(extra, kpt_shape, 1.0)), tuple(others))


def proto26(net: Net, xs: Sequence[Producer], c: int, out: int, nc: int) -> Producer:
    """The mask maps of all levels together."""
    with net.group("proto", "Proto26", xs[0]):
        y = xs[0]
        for i, x in enumerate(xs[1:]):
            z = conv_bn(net, f"feat_refine.{i}", x, channels(xs[0]))
            y = add(net, y, net.layer(f"upsample{i}", "upsample", z, factor=2 ** (i + 1)), name=f"add{i}")
        maps = prototypes(net, conv_bn(net, "feat_fuse", y, c, 3), c, out)
        weights = conv_weights(channels(y), c, 3) + conv_weights(c, c, 3) + (c + 1) * nc
        # The semantic map is for training.
        net.layer("semseg", "unused", y, parameters=weights, buffers=4 * c)
        return maps


@module("Segment", many=True)
def _segment(net: Net, xs: list[Producer], nc: int = 80, nm: object = 32, npr: int = 256, *more: int) -> Results:
    if net.anchored:
        return anchored.segment(net, xs, nc, nm, npr, *more)
    masks = _count(nm)
    found = _with_branch(net, xs, nc, "cv4", masks, max(channels(xs[0]) // 4, masks))
    return Results(found.main, (proto(net, xs, npr, masks), *found.others))


def _count(nm: object) -> int:
    if not isinstance(nm, int) or isinstance(nm, bool) or nm < 1:
        raise LayerError(f"the number of masks must be an integer, got {nm}", rule="value")
    return nm


@module("Segment26", many=True)
def _segment26(net: Net, xs: list[Producer], nc: int = 80, nm: int = 32, npr: int = 256, *more: object) -> Results:
    found = _with_branch(net, xs, nc, "cv4", nm, max(channels(xs[0]) // 4, nm))
    return Results(found.main, (proto26(net, xs, npr, nm, nc), *found.others))


@module("v10Detect", many=True)
def _v10(net: Net, xs: list[Producer], nc: int = 80, *more: object) -> Results:
    head = Detection(net, xs, nc, 16)
    found = []
    for prefix in ("", "one2one_"):
        boxes = head.boxes(prefix)
        maps = head.class_maps(prefix, nc, separable=True, dense=True)
        found.append((boxes, levels(net, f"{prefix}scores", maps)))
    return Results(head.decoded(*found[0]), found[1])


@module("SemanticSegment", many=True)
def _semantic(net: Net, xs: list[Producer], nc: int = 19, *more: object) -> Producer:
    c = channels(xs[0])
    with net.group("classifier", "Sequential", xs[0]):
        main = plain_conv(net, "1", conv_bn(net, "0", xs[0], c, 3), nc)
    if len(xs) > 1:
        # For training.
        weights = conv_weights(channels(xs[1]), c, 3) + (c + 1) * nc
        net.layer("aux_head", "unused", xs[1], parameters=weights, buffers=2 * c)
    return main


@module("Depth", many=True)
def _depth(net: Net, xs: list[Producer], c: int = 256, *more: object) -> Producer:
    with net.group("proj", "ModuleList", xs[0]):
        maps = [conv_bn(net, str(i), x, c) for i, x in enumerate(xs)]
    y = maps[-1]
    for i in range(len(xs) - 2, -1, -1):
        y = net.layer(f"upsample{i}", "upsample", y, factor=2, mode="bilinear", align_corners=True)
        y = add(net, y, maps[i], name=f"add{i}")
        with net.group(f"refine.{i}", "Sequential", y):
            y = conv_bn(net, "1", conv_bn(net, "0", y, c, 3), c, 3)
    with net.group("head", "Sequential", y):
        y = conv_bn(net, "0", y, c // 2, 3)
        y = net.layer("1", "conv_transpose", y, filters=c // 2, kernel_size=2, stride=2)
        y = plain_conv(net, "3", conv_bn(net, "2", y, c // 4, 3), 1)
    y = net.layer("clip", "clip", y, min=-4.0, max=5.0)
    # Two stored numbers calibrate the logarithm of the depth.
    return net.layer("exp", "exp", net.custom("calibrate", "calibrate", y, output="same", buffers=2, macs=0))
