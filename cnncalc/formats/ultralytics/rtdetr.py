"""RT-DETR's decoder. Its deformable attention samples maps at learned places, which the language has no word for."""

from __future__ import annotations

from cnncalc.formats.draft import shape_of
from cnncalc.formats.ultralytics.catalog import Net, Results, module
from cnncalc.formats.ultralytics.general import flat_map
from cnncalc.graph import Producer
from cnncalc.shape import LayerError, Shape


def _linear(n: int, k: int) -> int:
    """Parameters of a linear layer with bias."""
    return (n + 1) * k


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
    y = net.layer("enc_output.1", "layernorm", net.layer("enc_output.0", "linear", cells, units=hd), epsilon=1e-5)
    scores = net.layer("enc_score_head", "linear", y, units=nc)
    length = shape_of(cells)[0]
    queries = min(nq, length)
    chosen = net.custom("top", "cells with the best scores", y, scores, output=Shape(queries, hd), macs=0)
    boxes = chosen
    for i, width in enumerate((hd, hd, 4)):
        boxes = net.layer(f"enc_bbox_head.layers.{i}", "linear", boxes, units=width)
        if i < 2:
            boxes = net.layer(f"enc_bbox_head.act{i}", "relu", boxes)
    places = nh * len(xs) * ndp
    # Self-attention; sampling offsets, weights, values and projection of the deformable attention; feed-forward; three norms.
    attention = 4 * hd * hd + 4 * hd
    deformable = _linear(hd, 2 * places) + _linear(hd, places) + 2 * _linear(hd, hd)
    feed = _linear(hd, d_ffn) + _linear(d_ffn, hd)
    heads = _linear(hd, nc) + 2 * _linear(hd, hd) + _linear(hd, 4)
    position = _linear(4, 2 * hd) + _linear(2 * hd, hd)
    embedding = nc * hd
    parameters = ndl * (attention + deformable + feed + 6 * hd + heads) + position + embedding
    per_query = 4 * hd * hd + 3 * places * hd + hd * hd + 2 * hd * d_ffn + 2 * hd * hd + 4 * hd + 4 * 2 * hd + 2 * hd * hd
    # Products of self-attention, samples added up, and the values of every cell; classes are asked of the last layer alone.
    macs = ndl * (queries * (per_query + 2 * queries * hd + places * hd // nh) + length * hd * hd) + queries * hd * nc
    out = Shape(queries, 4 + nc)
    decoded = net.custom(
        "decoder", "deformable transformer decoder", chosen, boxes, cells, output=out, parameters=parameters, macs=macs
    )
    best = net.custom("best", "best class of each query", decoded, output=Shape(queries, 6), macs=0)
    return Results(best, (scores,))
