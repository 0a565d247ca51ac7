"""The keys that each section may have, in Darknet and in its fork for YOLOv4."""

from __future__ import annotations

_CONV = (
    "filters groups size stride stride_x stride_y dilation antialiasing pad padding activation "
    "assisted_excitation share_index batch_normalize cbn binary xnor bin_output sway rotate stretch "
    "stretch_sway flipped dot angle grad_centr reverse coordconv"
)
_RECURRENT = (
    "output hidden output_filters hidden_filters activation batch_normalize logistic shortcut tanh size stride dilation pad"
)
_ANY = "stopbackward onlyforward dontload dontloadscales dontsave numload learning_rate clip truth dont_update burnin_update"
_ANY += " train_only_bn stream wait_stream smooth"

KEYS: dict[str, tuple[str, ...]] = {
    kind: tuple(f"{words} {_ANY}".split())
    for kind, words in {
        "convolutional": _CONV,
        "deconvolutional": _CONV,
        "connected": "output activation batch_normalize",
        "local": "filters size stride pad activation",
        "maxpool": "size stride stride_x stride_y padding maxpool_depth out_channels antialiasing maxpool_zero_nonmax",
        "local_avgpool": "size stride stride_x stride_y padding",
        "avgpool": "",
        "batchnorm": "",
        "dropout": "probability dropblock dropblock_size_rel dropblock_size_abs",
        "normalization": "size alpha beta kappa",
        "softmax": "groups temperature tree spatial noloss",
        "activation": "activation",
        "crop": "crop_height crop_width flip angle saturation exposure noadjust shift",
        "upsample": "stride scale",
        "reorg": "stride reverse flatten extra",
        "route": "layers groups group_id",
        "shortcut": "from activation alpha beta weights_type weights_normalization",
        "scale_channels": "from scale_wh activation",
        "sam": "from activation",
        "rnn": _RECURRENT,
        "gru": _RECURRENT,
        "lstm": _RECURRENT,
        "crnn": f"{_RECURRENT} padding groups xnor",
    }.items()
}
"""Keys by section. Other sections have keys for training alone, and a few that change shapes."""
