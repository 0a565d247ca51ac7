"""The numbers of constants as arrays, computed with NumPy when a network runs with the weights of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cnncalc.formats.tensors.constant import Constant
from cnncalc.forward.weights import WeightsError

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array


class NoNumbers(WeightsError):
    """The numbers of a constant are not in the file; the message says why."""


class FileWeights(Mapping[str, Mapping[str, "Array"]]):
    """The arrays of each layer by PyTorch's names, read when they are asked for and not kept.

    `unused` are the sizes of arrays of custom layers, which nothing computes with: zeros stand for them.
    """

    def __init__(self, constants: Mapping[str, Mapping[str, Constant]], unused: Mapping[str, Mapping[str, int]]) -> None:
        self._constants = constants
        self._unused = unused

    def __getitem__(self, layer: str) -> Mapping[str, Array]:
        import numpy as np

        if layer in self._unused:
            return {name: np.broadcast_to(np.float32(0), (size,)) for name, size in self._unused[layer].items()}
        found = {}
        for name, constant in self._constants[layer].items():
            array = evaluate(constant)
            if array.dtype not in (np.float32, np.float64):
                array = array.astype(np.float32)
            found[name] = np.ascontiguousarray(array).reshape(constant.shape)
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self._constants
        yield from self._unused

    def __len__(self) -> int:
        return len(self._constants) + len(self._unused)


def evaluate(constant: Constant) -> Array:
    """The numbers of a constant. Raises NoNumbers if they are not in the file."""
    import numpy as np

    known: dict[int, Array] = {}
    todo = [constant]
    while todo:
        one = todo[-1]
        if id(one) in known:
            todo.pop()
            continue
        if one.op is not None:
            missing = [arg for arg in one.args if id(arg) not in known]
            if missing:
                todo += missing
                continue
            function = _FUNCTIONS.get(one.op)
            if function is None:
                raise NoNumbers(f"{one.op} of constants is not computed")
            known[id(one)] = function([known[id(arg)] for arg in one.args], one.attributes, one.shape)
        elif one.array is not None:
            try:
                known[id(one)] = one.array()
            except ValueError as error:
                raise NoNumbers(str(error)) from None
        else:
            data = one.data
            if data is None:
                raise NoNumbers(f"the numbers of {one.name or 'a constant'} are not in the file")
            kind = {"float": np.float32, "int": np.int64, "bool": np.bool_}[one.dtype]
            known[id(one)] = np.asarray(data, kind).reshape(one.shape)
        todo.pop()
    return known[id(constant)]


def computable(constant: Constant) -> bool:
    """Whether `evaluate` knows every operator that a constant is computed by."""
    return all(one.op is None or one.op in _FUNCTIONS for one in constant.parts())


Function = Callable[[list["Array"], dict[str, Any], tuple[int, ...]], "Array"]


def _binary(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    import numpy as np

    name = a["function"]
    functions: dict[str, Any] = {
        "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "power": np.power, "maximum": np.maximum,
        "minimum": np.minimum, "equal": np.equal, "less": np.less, "greater": np.greater, "less_equal": np.less_equal,
        "greater_equal": np.greater_equal, "and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor,
        "floor_divide": np.floor_divide, "modulo": np.mod, "fmod": np.fmod,
    }  # fmt: skip
    if name == "divide":
        whole = args[0].dtype.kind in "iu" and args[1].dtype.kind in "iu"
        return np.asarray(np.trunc(args[0] / args[1]).astype(args[0].dtype) if whole else args[0] / args[1])
    if name not in functions:
        raise NoNumbers(f"{name} of constants is not computed")
    return np.asarray(functions[name](*args))


def _unary(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    import numpy as np

    x, name = args[0], a["function"]
    if x.dtype.kind in "iu":
        # Narrow integers would overflow.
        x = x.astype(np.int64)
    if name == "affine":
        return np.asarray(x * x.dtype.type(a["factor"]) + x.dtype.type(a["offset"]))
    if name == "clip":
        return np.clip(x, a["min"], a["max"])
    if name == "power":
        return np.asarray(x ** a["exponent"])
    functions: dict[str, Any] = {
        "abs": np.abs, "ceil": np.ceil, "floor": np.floor, "round": np.round, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
        "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "square": np.square, "reciprocal": np.reciprocal, "not": np.logical_not,
        "sign": np.sign, "relu": lambda v: np.maximum(v, 0), "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    }  # fmt: skip
    if name not in functions:
        raise NoNumbers(f"{name} of constants is not computed")
    return np.asarray(functions[name](x))


def _slice(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    start, count, step, axis = a["start"], a["count"], a["step"], a["axis"]
    places = [start + i * step for i in range(count)]
    return args[0].take(places, axis=axis)


def _reduce(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    import numpy as np

    functions: dict[str, Any] = {
        "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "product": np.prod,
        "norm": lambda x, axis: np.sqrt(np.sum(x * x, axis=axis)),
    }  # fmt: skip
    return np.asarray(functions[a["function"]](args[0], axis=a["axes"])).reshape(shape)


def _pad(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    import numpy as np

    if a["mode"] == "zeros":
        return np.pad(args[0], a["pads"], constant_values=a["value"] or 0)
    modes: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.asarray(np.pad(args[0], a["pads"], mode=modes[a["mode"]]))


def _norm(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """Batch normalisation of weights, as weight standardisation is exported."""
    import numpy as np

    x, weight, bias, mean, variance = args
    along = (1, -1, *(1,) * (x.ndim - 2))
    if a.get("training"):
        # Normalised by its own mean and variance.
        axes = tuple(i for i in range(x.ndim) if i != 1)
        mean, variance = x.mean(axes), x.var(axes)
    factor = weight / np.sqrt(variance + np.float32(a["epsilon"]))
    return np.asarray((x - mean.reshape(along)) * factor.reshape(along) + bias.reshape(along))


def _gates(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """One direction of ONNX's recurrent weights with PyTorch's order of gates."""
    import numpy as np

    array, hidden, order = args[0][a["direction"]], a["hidden"], a["order"]
    if a["half"] is not None:
        array = array[a["half"] * len(order) * hidden :]
    return np.concatenate([array[gate * hidden : (gate + 1) * hidden] for gate in order])


def _dequantise(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    import numpy as np

    def along(one: Array) -> Array:
        sizes = [1] * x.ndim
        if one.size > 1:
            sizes[a["axis"]] = -1
        return np.asarray(one.astype(np.float32).reshape(sizes))

    x = args[0].astype(np.float32)
    if len(args) > 2:
        x = x - along(args[2])
    return np.asarray(x * along(args[1])) if len(args) > 1 else x


def _cast(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return args[0].astype({"int": "int64", "float": "float32", "bool": "bool"}[a["to"]])


def _matmul(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
    import numpy as np

    return np.asarray(np.matmul(args[0], args[1]))


def _plain(name: str) -> Function:
    def function(args: list[Array], a: dict[str, Any], shape: tuple[int, ...]) -> Array:
        import numpy as np

        if name == "reshape":
            return args[0].reshape(shape)
        if name == "expand":
            return np.asarray(np.broadcast_to(args[0], shape))
        if name == "transpose":
            return args[0].transpose(a["axes"])
        if name == "concat":
            return np.concatenate(args, axis=a["axis"])
        if name == "take":
            return args[0].reshape(-1)[: shape[0]]
        if name == "gather":
            return np.take(args[0], args[1].astype(np.int64), axis=a["axis"])
        if name == "where":
            return np.where(*args)
        if name == "cumsum":
            return np.cumsum(args[0], axis=a["axis"])
        if name == "take_along":
            return np.take_along_axis(args[0], args[1].astype(np.int64), axis=a["axis"])
        if name == "trilu":
            return (np.triu if a["upper"] else np.tril)(args[0], a["diagonal"])
        if name == "scatter":
            found = args[0].copy()
            found[tuple(np.moveaxis(args[1].astype(np.int64), -1, 0))] = args[2]
            return found
        return args[0]

    return function


_FUNCTIONS: dict[str, Function] = {
    "binary": _binary, "unary": _unary, "slice": _slice, "reduce": _reduce, "pad": _pad, "batchnorm": _norm, "gates": _gates,
    "dequantise": _dequantise, "cast": _cast, "matmul": _matmul,
    **{
        name: _plain(name)
        for name in (
            "reshape", "expand", "transpose", "concat", "gather", "where", "cumsum", "identity", "dropout", "take_along", "trilu",
            "scatter", "take",
        )
    },
}  # fmt: skip
