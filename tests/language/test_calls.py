"""Rows for the code of other tools. Arguments stand in the order of PyTorch 2's and Keras 3's documented signatures."""

from __future__ import annotations

import pytest

from cnncalc.language.calls import row_of


@pytest.mark.parametrize(
    ("code", "row"),
    [
        # Conv1d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        ("nn.Conv1d(3, 16, 5, 2, 1, 3, 4, False)", "{conv: 16, kernel_size: 5, stride: 2, padding: 1, dilation: 3, groups: 4, bias: false}"),
        # ConvTranspose2d(in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation)
        ("torch.nn.ConvTranspose2d(8, 4, 3, 2, 1, 1)", "{conv_transpose: 4, kernel_size: 3, stride: 2, padding: 1, output_padding: 1}"),
        # MaxPool2d(kernel_size, stride, padding, dilation)
        ("nn.MaxPool2d(3, 2, 1, 2)", "{maxpool: 3, stride: 2, padding: 1, dilation: 2}"),
        # AvgPool2d(kernel_size, stride, padding, ceil_mode, count_include_pad)
        ("nn.AvgPool2d(3, 2, 1, False, False),", "{avgpool: 3, stride: 2, padding: 1, count_include_pad: false}"),
        # Linear(in_features, out_features, bias), Embedding(num_embeddings, embedding_dim)
        ("nn.Linear(10, 5, False)", "{linear: 5, bias: false}"),
        ("nn.Embedding(100, 16)", "{embedding: 16}"),
        # GroupNorm(num_groups, num_channels, eps), BatchNorm2d(num_features, eps)
        ("nn.GroupNorm(8, 64, 0.001)", "{groupnorm: 8, epsilon: 0.001}"),
        ("nn.BatchNorm2d(64, 0.01)", "{batchnorm: , epsilon: 0.01}"),
        # LSTM(input_size, hidden_size, num_layers), MultiheadAttention(embed_dim, num_heads)
        ("nn.LSTM(10, 20, 2)", "{lstm: 20, layers: 2}"),
        ("nn.MultiheadAttention(64, 4)", "{attention: 4}"),
        # Upsample(size, scale_factor, mode)
        ("nn.Upsample(None, 2, 'nearest')", "{upsample: 2, mode: nearest}"),
        # Conv2D(filters, kernel_size, strides, padding), with further arguments that are no fields
        ("layers.Conv2D(32, (3, 5), 2, 'SAME', 'channels_last')", "{conv: 32, kernel_size: [3, 5], stride: 2, padding: same}"),
        ("Conv2DTranspose(4, 2, 2, 'valid')", "{conv_transpose: 4, kernel_size: 2, stride: 2, padding: valid}"),
        ("DepthwiseConv2D(3, 1, 'same')", "{depthwise_conv: , kernel_size: 3, stride: 1, padding: same}"),
        ("MaxPooling2D((2, 3), 2)", "{maxpool: [2, 3], stride: 2}"),
        ("UpSampling2D(2)", "{upsample: 2}"),
        ("LSTM(20)", "{lstm: 20}"),
        ("Dense(5)", "{fc: 5}"),
        # Keywords under the tool's names
        ("nn.Conv2d(in_channels=3, out_channels=8, kernel_size=3)", "{conv: 8, kernel_size: 3}"),
        ("Activation('relu')", "relu"),
        ("nn.Flatten()", "flatten"),
    ],
)  # fmt: skip
def test_arguments_by_position_and_name(code: str, row: str):
    assert row_of(code) == row


@pytest.mark.parametrize("text", ["relu", "nn.Foo(3)", "nn.Conv2d(3, 16", "(3)", "nn.Conv2d(3)(4)", "x" * 400 + "()"])
def test_other_texts_are_no_calls_of_layers(text: str):
    assert row_of(text) is None
