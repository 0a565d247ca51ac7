"""Quantisation changes the type of numbers, not the network.

A tensor keeps its real numbers between a quantisation and its inverse; its dtype there is `quantised`. Integers that come from
elsewhere are turned into real numbers by their scale.
"""

from __future__ import annotations

from dataclasses import replace

from cnncalc.formats.onnx.call import Call, DataDependent, Result, Results, operator
from cnncalc.formats.onnx.operators.windows import conv
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant, scalar
from cnncalc.formats.tensors.program import QUANTISED, Tensor, Value


@operator("QuantizeLinear", "DequantizeLinear")
@operator("QuantizeLinear", "DequantizeLinear", domain="com.microsoft")
def quantise(c: Call) -> Result:
    x = c[0]
    for name in ("saturate", "output_dtype", "block_size"):
        c.attribute(name)
    if c.node.op == "DequantizeLinear":
        return real(c, x, c.optional(1), c.optional(2), c.attribute("axis", 1))
    c.attribute("axis")
    if isinstance(x, Value):
        return c.program.add("quantise", [x], x.shape, QUANTISED)
    return Constant(x.shape, QUANTISED, op="reshape", args=(x,))


@operator("DynamicQuantizeLinear")
def quantise_by_range(c: Call) -> Results:
    x = c[0]
    if not isinstance(x, Value):
        raise DataDependent
    return c.program.add("quantise", [x], x.shape, QUANTISED), scalar(1.0), Constant((), "int", [0])


def real(c: Call, x: Tensor, scale: Tensor | None, zero: Tensor | None, axis: int) -> Tensor:
    """The real numbers of a tensor. Raises DataDependent for other integers if no layer scales them."""
    if isinstance(x, Value) and x.dtype == QUANTISED:
        return c.program.add("identity", [x], x.shape, "float")
    if isinstance(x, Constant) and x.dtype == QUANTISED:
        return Constant(x.shape, "float", op="reshape", args=(x,))
    constants = tuple(one for one in (x, scale, zero) if isinstance(one, Constant))
    if len(constants) < sum(one is not None for one in (x, scale, zero)):
        if isinstance(x, Constant) or not isinstance(scale, Constant) or not (zero is None or isinstance(zero, Constant)):
            raise DataDependent
        factor, offset = scale.scalar, 0 if zero is None else zero.scalar
        if factor is None or offset is None:
            raise DataDependent
        return build.unary(c.program, "affine", build.cast(c.program, x, "float"), factor=factor, offset=-factor * offset)
    if any(one.size > 1 and len(one.shape) != 1 for one in constants[1:]):
        # A scale for each block of numbers.
        raise DataDependent
    rank = len(x.shape or ())
    attributes = {"axis": axis % rank if rank else 0}
    return Constant(x.shape or (), "float", op="dequantise", args=constants, attributes=attributes)


def _weights(c: Call, weight: Tensor, scale: Tensor | None, zero: Tensor | None, axis: int) -> Constant:
    """The real numbers of weights that are stored in the file as integers."""
    found = real(c, weight, scale, zero, axis)
    if not isinstance(found, Constant):
        raise DataDependent
    return found


@operator("QLinearConv")
def linear_conv(c: Call) -> Result:
    x = real(c, c[0], c[1], c[2], 1)
    weight = _weights(c, c[3], c[4], c[5], 0)
    bias: Tensor | None = None
    if c.has(8):
        # Its scale is the product of those of the input and the weights.
        if not all(isinstance(one, Constant) for one in (c[1], c[4], c[8])):
            raise DataDependent
        bias = _weights(c, c[8], build.binary(c.program, "multiply", c[4], c[1]), None, 0)
    call = Call(c.context, replace(c.node, op="Conv"), [x, weight, bias], c.version)
    return _quantised(c, _only(conv(call)), call)


@operator("ConvInteger")
def integer_conv(c: Call) -> Result:
    x = real(c, c[0], scalar(1.0), c.optional(2), 1)
    weight = _weights(c, c[1], scalar(1.0), c.optional(3), 0)
    call = Call(c.context, replace(c.node, op="Conv"), [x, weight], c.version)
    return _read(c, _only(conv(call)), call)


@operator("QLinearMatMul")
def linear_matmul(c: Call) -> Result:
    first = real(c, c[0], c[1], c[2], -1)
    found = build.matmul(c.program, first, real(c, c[3], c[4], c[5], -1))
    return integers(c, found)


@operator("MatMulInteger")
def integer_matmul(c: Call) -> Result:
    first = real(c, c[0], scalar(1.0), c.optional(2), -2)
    return build.matmul(c.program, first, real(c, c[1], scalar(1.0), c.optional(3), -1))


def _only(found: Results) -> Tensor:
    one = found[0] if isinstance(found, tuple) else found
    if not isinstance(one, (Value, Constant)):
        raise DataDependent
    return one


def integers(c: Call, found: Tensor) -> Tensor:
    """A result that is quantised again."""
    return c.program.add("quantise", [found], found.shape, QUANTISED)


def _read(c: Call, found: Tensor, inner: Call) -> Tensor:
    """The result of another operator's function, with the attributes that it read."""
    c.read |= inner.read
    return found


def _quantised(c: Call, found: Tensor, inner: Call) -> Tensor:
    return integers(c, _read(c, found, inner))
