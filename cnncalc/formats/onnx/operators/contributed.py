"""Operators of the domain com.microsoft, which onnxruntime writes when it optimises or quantises a model.

Source: github.com/microsoft/onnxruntime, docs/ContribOperators.md.
"""

from __future__ import annotations

from dataclasses import replace

from cnncalc.formats.onnx.call import HANDLERS, Call, DataDependent, Result, Results, operator
from cnncalc.formats.onnx.operators.norms import arrays
from cnncalc.formats.onnx.operators.quantised import integers, real
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant, scalar
from cnncalc.formats.tensors.program import Tensor

DOMAIN = "com.microsoft"


def _like(c: Call, op: str, args: list[Result], version: int = 22, attributes: dict[str, object] | None = None) -> Tensor:
    """The result of one of ONNX's own operators on these arguments, with this node's attributes or other ones."""
    node = replace(c.node, op=op, domain="", attributes=c.node.attributes if attributes is None else attributes)
    call = Call(c.context, node, args, version)
    found = HANDLERS["", op](call)
    c.read |= call.read
    if isinstance(found, (tuple, list)) or found is None:
        raise DataDependent
    return found


@operator("Gelu", "FastGelu", "BiasGelu", "QuickGelu", domain=DOMAIN)
def gelu(c: Call) -> Result:
    x = c[0]
    if c.has(1):
        x = build.binary(c.program, "add", x, c[1])
    if c.node.op == "QuickGelu":
        gate = build.unary(c.program, "affine", x, factor=c.attribute("alpha", 1.702), offset=0.0)
        return build.binary(c.program, "multiply", x, build.unary(c.program, "sigmoid", gate))
    return build.unary(c.program, "gelu", x, approximate="tanh" if c.node.op == "FastGelu" else "none")


@operator("FusedConv", domain=DOMAIN)
def fused_conv(c: Call) -> Result:
    """A convolution, the sum with a fourth argument if there is one, and an activation."""
    found = _like(c, "Conv", c.args[:3])
    if c.has(3):
        found = build.binary(c.program, "add", found, c[3])
    return _activated(c, found, c.attribute("activation"), c.attribute("activation_params") or [])


def _activated(c: Call, x: Tensor, name: str | None, numbers: list[float]) -> Tensor:
    """An activation by the name and numbers that a fused operator gives it."""
    if not name:
        return x
    if name == "Clip" and len(numbers) == 2:
        return build.unary(c.program, "clip", x, min=numbers[0], max=numbers[1])
    names = {"LeakyRelu": ["alpha"], "HardSigmoid": ["alpha", "beta"], "Relu": [], "Sigmoid": [], "Tanh": [], "HardSwish": []}
    if name not in names or len(numbers) < len(names[name]):
        raise DataDependent
    return _like(c, name, [x], attributes=dict(zip(names[name], numbers, strict=False)))


@operator("FusedGemm", domain=DOMAIN)
def fused_gemm(c: Call) -> Result:
    numbers = [c.attribute(f"activation_{name}") for name in ("alpha", "beta")]
    found = _like(c, "Gemm", c.args)
    return _activated(c, found, c.attribute("activation"), [number for number in numbers if number is not None])


@operator("FusedMatMul", "TransposeMatMul", domain=DOMAIN)
def fused_matmul(c: Call) -> Result:
    found = []
    for i, name in enumerate(("transA", "transB")):
        rank = len(c.shape(i))
        order = [*range(rank - 2), rank - 1, rank - 2]
        found.append(build.transpose(c.program, c[i], order) if c.attribute(name, 0) and rank > 1 else c[i])
    if c.attribute("transBatchA", 0) or c.attribute("transBatchB", 0):
        raise DataDependent
    product = build.matmul(c.program, *found)
    factor = c.attribute("alpha", 1.0)
    return product if factor == 1 else build.unary(c.program, "affine", product, factor=factor, offset=0.0)


@operator("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", domain=DOMAIN)
def skip_layernorm(c: Call) -> Results:
    simplified = c.node.op != "SkipLayerNormalization"
    count = 1 if simplified else 2
    total = build.binary(c.program, "add", c[0], c[1])
    if c.has(2 + count):
        total = build.binary(c.program, "add", total, c[2 + count])
    made = c.program.add(
        "rmsnorm" if simplified else "layernorm", [total, *arrays(c, 2, count)], c.shape(), axes=(len(c.shape()) - 1,),
        epsilon=c.attribute("epsilon", 1e-12),
    )  # fmt: skip
    return made, None, None, total


_OF_ONE = {"QLinearSigmoid": "Sigmoid", "QLinearLeakyRelu": "LeakyRelu", "QLinearSoftmax": "Softmax"}


@operator(*_OF_ONE, "QLinearAveragePool", "QLinearGlobalAveragePool", domain=DOMAIN)
def of_one(c: Call) -> Result:
    """An operator on the real numbers of one quantised tensor."""
    name = _OF_ONE.get(c.node.op, c.node.op.removeprefix("QLinear"))
    if c.attribute("channels_last", 0):
        raise DataDependent
    version = c.attribute("opset", 13)
    return integers(c, _like(c, name, [real(c, c[0], c[1], c.optional(2), 1)], version))


@operator("QLinearAdd", "QLinearMul", domain=DOMAIN)
def of_two(c: Call) -> Result:
    first, second = real(c, c[0], c[1], c.optional(2), 1), real(c, c[3], c[4], c.optional(5), 1)
    return integers(c, build.binary(c.program, "add" if c.node.op == "QLinearAdd" else "multiply", first, second))


@operator("QLinearConcat", domain=DOMAIN)
def concat(c: Call) -> Result:
    """The scale and zero point of the result, then three arguments for each tensor."""
    parts: list[Result] = [real(c, c[i], c[i + 1], c.optional(i + 2), 1) for i in range(2, len(c.args), 3)]
    return integers(c, _like(c, "Concat", parts))


@operator("QGemm", domain=DOMAIN)
def gemm(c: Call) -> Result:
    """A product with a bias in integers; the scale of the bias is the product of the other two and of alpha."""
    second = real(c, c[3], c[4], c.optional(5), 0 if c.attribute("transB", 0) else 1)
    args: list[Result] = [real(c, c[0], c[1], c.optional(2), 1), second]
    if c.has(6):
        if not all(isinstance(one, Constant) for one in (c[1], c[4], c[6])):
            raise DataDependent
        scale = build.binary(c.program, "multiply", c[4], c[1])
        args.append(real(c, c[6], build.binary(c.program, "multiply", scale, scalar(c.attribute("alpha", 1.0))), None, 0))
    found = _like(c, "Gemm", args)
    return integers(c, found) if c.has(7) else found


@operator("DynamicQuantizeMatMul", "MatMulIntegerToFloat", domain=DOMAIN)
def to_float(c: Call) -> Result:
    """Products of quantised weights with real numbers, or with numbers that were quantised before."""
    if c.node.op == "DynamicQuantizeMatMul":
        found = build.matmul(c.program, c[0], real(c, c[1], c[2], c.optional(3), -1))
        bias = c.optional(4)
    else:
        found = build.matmul(c.program, real(c, c[0], c[2], c.optional(4), -1), real(c, c[1], c[3], c.optional(5), -1))
        bias = c.optional(6)
    return found if bias is None else build.binary(c.program, "add", found, bias)
