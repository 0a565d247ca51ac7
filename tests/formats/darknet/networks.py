"""Darknet's published networks, written from their structure: sections as text, as few words as possible."""

from __future__ import annotations


def section(kind: str, **values: object) -> str:
    return "\n".join([f"[{kind}]", *(f"{key}={value}" for key, value in values.items() if value is not None), ""])


def net(size: int) -> str:
    return section("net", width=size, height=size, channels=3)


def conv(filters: int, size: int, stride: int = 1, activation: str = "leaky") -> str:
    return section("convolutional", batch_normalize=1, filters=filters, size=size, stride=stride, pad=1, activation=activation)


def plain(filters: int) -> str:
    return section("convolutional", filters=filters, size=1, stride=1, pad=1, activation="linear")


def route(*layers: int) -> str:
    return section("route", layers=",".join(map(str, layers)))


def yolo(mask: str = "0,1,2", classes: int = 80) -> str:
    return section("yolo", mask=mask, classes=classes, num=9)


SHORTCUT = section("shortcut", **{"from": -3, "activation": "linear"})
UPSAMPLE = section("upsample", stride=2)


def residual(filters: int) -> str:
    return conv(filters // 2, 1) + conv(filters, 3) + SHORTCUT


def backbone53() -> str:
    """Darknet-53 without its classifier: Redmon & Farhadi 2018, YOLOv3, table 1."""
    text = conv(32, 3)
    for filters, count in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        text += conv(filters, 3, 2) + residual(filters) * count
    return text


def darknet53() -> str:
    return net(256) + backbone53() + section("avgpool") + plain(1000) + section("softmax", groups=1)


def five(filters: int) -> str:
    return conv(filters, 1) + conv(2 * filters, 3) + conv(filters, 1) + conv(2 * filters, 3) + conv(filters, 1)


def yolov3(size: int = 416) -> str:
    """Three heads; layers 36 and 61 are the last ones at strides 8 and 16."""
    text = net(size) + backbone53()
    text += five(512) + conv(1024, 3) + plain(255) + yolo()
    text += route(-4) + conv(256, 1) + UPSAMPLE + route(-1, 61) + five(256) + conv(512, 3) + plain(255) + yolo()
    text += route(-4) + conv(128, 1) + UPSAMPLE + route(-1, 36) + five(128) + conv(256, 3) + plain(255) + yolo()
    return text


def yolov3_tiny(size: int = 416) -> str:
    text = net(size)
    for filters in (16, 32, 64, 128, 256):
        text += conv(filters, 3) + section("maxpool", size=2, stride=2)
    text += conv(512, 3) + section("maxpool", size=2, stride=1) + conv(1024, 3)
    text += conv(256, 1) + conv(512, 3) + plain(255) + yolo("3,4,5")
    return text + route(-4) + conv(128, 1) + UPSAMPLE + route(-1, 8) + conv(256, 3) + plain(255) + yolo("0,1,2")


def cross_stage(filters: int, count: int, *, first: bool = False) -> str:
    """A stage of CSPDarknet-53: Bochkovskiy et al. 2020, YOLOv4; the first one is not divided by two."""
    half = filters if first else filters // 2
    inner = filters // 2
    text = conv(filters, 3, 2, "mish") + conv(half, 1, 1, "mish") + route(-2) + conv(half, 1, 1, "mish")
    text += (conv(inner, 1, 1, "mish") + conv(half, 3, 1, "mish") + SHORTCUT) * count
    return text + conv(half, 1, 1, "mish") + route(-1, -(3 * count + 4)) + conv(filters, 1, 1, "mish")


def yolov4(size: int = 608) -> str:
    text = net(size) + conv(32, 3, 1, "mish") + cross_stage(64, 1, first=True)
    for filters, count in ((128, 2), (256, 8), (512, 8), (1024, 4)):
        text += cross_stage(filters, count)
    # Pyramid pooling: three windows side by side, all of them beside the map itself.
    text += conv(512, 1) + conv(1024, 3) + conv(512, 1)
    text += section("maxpool", stride=1, size=5) + route(-2) + section("maxpool", stride=1, size=9)
    text += route(-4) + section("maxpool", stride=1, size=13) + route(-1, -3, -5, -6)
    text += conv(512, 1) + conv(1024, 3) + conv(512, 1)
    text += conv(256, 1) + UPSAMPLE + route(85) + conv(256, 1) + route(-1, -3) + five(256)
    text += conv(128, 1) + UPSAMPLE + route(54) + conv(128, 1) + route(-1, -3) + five(128)
    text += conv(256, 3) + plain(255) + yolo()
    text += route(-4) + conv(256, 3, 2) + route(-1, -16) + five(256) + conv(512, 3) + plain(255) + yolo()
    return text + route(-4) + conv(512, 3, 2) + route(-1, -37) + five(512) + conv(1024, 3) + plain(255) + yolo()
