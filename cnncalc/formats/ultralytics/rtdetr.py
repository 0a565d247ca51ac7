"""RT-DETR's decoder. The language has no word for the best of all cells, and none for samples of maps at learned places."""

from __future__ import annotations

from cnncalc.formats.draft import shape_of
from cnncalc.formats.ultralytics.catalog import Net, Results, module
from cnncalc.formats.ultralytics.general import flat_map
from cnncalc.formats.ultralytics.products import multi_head
from cnncalc.graph import Node, Producer
from cnncalc.shape import LayerError, Shape


@module("RTDETRDecoder", many=True)
def _decoder(
    net: Net,
    xs: list[Producer],
    nc: int = 80,
    hd: int = 256,
    nq: int = 300,
    ndp: int = 4,
    nh: int = 8,
    ndl: int = 6,
    d_ffn: int = 1024,
    *more: object,
) -> Results:
    if not xs:
        raise LayerError("a head reads at least one row")
    maps = []
    with net.group("input_proj", "ModuleList", xs[0]):
        for i, x in enumerate(xs):
            y = net.layer(f"{i}.0", "conv", x, filters=hd, kernel_size=1, bias=False)
            maps.append(flat_map(net, f"{i}.flatten", net.layer(f"{i}.1", "batchnorm", y)))
    cells = net.layer("concat", "concat", *maps, axis="length") if len(maps) > 1 else maps[0]
    # Cells too close to the border, where no box can be centred, are set to 0.
    valid = net.layer("valid", "multiply", cells, net.constant("valid_mask", Shape(shape_of(cells)[0], 1)))
    y = net.layer("enc_output.1", "layernorm", net.layer("enc_output.0", "linear", valid, units=hd), epsilon=1e-5)
    scores = net.layer("enc_score_head", "linear", y, units=nc)
    queries = min(nq, shape_of(cells)[0])
    embed = net.custom("top", "cells with the best scores", y, scores, output=Shape(queries, hd), macs=0)
    anchors = net.custom("top_anchors", "boxes of the cells with the best scores", scores, output=Shape(queries, 4), macs=0)
    # Boxes before the sigmoid.
    logits = net.layer("refer", "add", _mlp(net, "enc_bbox_head", embed, (hd, hd, 4)), anchors)
    decoded = []
    with net.group("decoder", "DeformableTransformerDecoder", embed):
        decoder = _Decoder(net, cells, hd, len(xs) * ndp, nh, d_ffn)
        for i in range(ndl):
            boxes = net.layer(f"boxes{i}", "sigmoid", logits)
            embed = decoder.layer(f"layers.{i}", embed, boxes)
            decoded.append(embed)
            logits = net.layer(f"refined{i}", "add", _mlp(net, f"bbox_head.{i}", embed, (hd, hd, 4)), logits)
        boxes = net.layer("boxes", "sigmoid", logits)
    with net.group("dec_score_head", "ModuleList", embed):
        # The classes after the other layers are for training.
        for i in range(ndl - 1):
            net.layer(f"{i}", "unused", decoded[i], parameters=(hd + 1) * nc)
        classes = net.layer(f"{ndl - 1}", "linear", embed, units=nc)
        classes = net.layer("sigmoid", "sigmoid", classes)
    net.layer("denoising_class_embed", "unused", decoded[0], parameters=nc * hd)
    best = net.custom("best", "best classes of all queries", boxes, classes, output=Shape(queries, 6), macs=0)
    return Results(best, (scores,))


def _mlp(net: Net, name: str, x: Producer, widths: tuple[int, ...], peers: list[Node] | None = None) -> Producer:
    """Linear layers with ReLU between them; those after the first use of `peers` share their weights."""
    with net.group(name, "MLP", x):
        for i, width in enumerate(widths):
            peer = peers[i] if peers is not None and len(peers) == len(widths) else None
            made = net.shared(f"layers.{i}", "linear", x, peer, units=width)
            if peers is not None and peer is None:
                peers.append(made)
            x = made if i == len(widths) - 1 else net.layer(f"act.{i}", "relu", made)
        return x


class _Decoder:
    """Layers of the decoder: attention between queries, then to `places` places of the cells for each head.

    Source: Zhu et al. 2020, Deformable DETR, sec. 4.1.
    """

    def __init__(self, net: Net, cells: Producer, width: int, places: int, heads: int, wide: int) -> None:
        self._net, self._cells = net, cells
        self._width, self._places, self._heads, self._wide = width, places, heads, wide
        self._query_pos: list[Node] = []

    def layer(self, name: str, x: Producer, boxes: Producer) -> Producer:
        net, width = self._net, self._width
        position = _mlp(net, f"query_pos.{name}", boxes, (2 * width, width), self._query_pos)
        with net.group(name, "DeformableTransformerDecoderLayer", x):
            placed = net.layer("placed1", "add", x, position)
            x = net.layer("add1", "add", x, multi_head(net, "self_attn", placed, placed, x, self._heads))
            x = net.layer("norm1", "layernorm", x, epsilon=1e-5)
            x = net.layer("add2", "add", x, self._sampled(net.layer("placed2", "add", x, position), boxes))
            x = net.layer("norm2", "layernorm", x, epsilon=1e-5)
            y = net.layer("act", "relu", net.layer("linear1", "linear", x, units=self._wide))
            x = net.layer("add3", "add", x, net.layer("linear2", "linear", y, units=width))
            return net.layer("norm3", "layernorm", x, epsilon=1e-5)

    def _sampled(self, query: Producer, boxes: Producer) -> Producer:
        """Attention to samples of the cells' values at learned places around each box."""
        net, width, heads, places = self._net, self._width, self._heads, self._places
        with net.group("cross_attn", "MSDeformAttn", query):
            values = net.layer("value_proj", "linear", self._cells, units=width)
            offsets = net.layer("sampling_offsets", "linear", query, units=2 * heads * places)
            weights = net.layer("attention_weights", "linear", query, units=heads * places)
            # Samples are weighted number by number, which counts no MACs elsewhere either.
            out = Shape(shape_of(query)[0], width)
            y = net.custom("sample", "deformable attention", values, offsets, weights, boxes, output=out, macs=0)
            return net.layer("output_proj", "linear", y, units=width)
