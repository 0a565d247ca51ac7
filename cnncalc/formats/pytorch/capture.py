"""Exports a PyTorch model to JSON. Runs by itself, in the environment of the model, and needs nothing but PyTorch there.

    python capture.py MODULE:CALLABLE INPUTS OUTPUT

INPUTS is JSON, a list of [name or null, sizes, type]; OUTPUT is the file that the result is written to: `{"error": …}`, or the
model's arrays and operators.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import operator
import os
import re
import sys
import traceback
from typing import Any

_FRAME = re.compile(r'^\s*File "(?P<file>.*)", line (?P<line>\d+), in ', re.MULTILINE)


class Failed(Exception):
    """The model cannot be exported: a sentence, and the file and line at fault if they are known."""

    def __init__(self, message: str, place: tuple[str, int] | None = None) -> None:
        super().__init__(message)
        self.place = place


def main() -> None:
    spec, inputs, output = sys.argv[1:4]
    try:
        found = capture(spec, json.loads(inputs))
    except Failed as error:
        found = {"error": str(error), "place": error.place}
    with open(output, "w", encoding="utf-8") as stream:
        json.dump(found, stream)


def capture(spec: str, inputs: list[Any]) -> dict[str, Any]:
    """The model as plain data. Raises Failed."""
    try:
        import torch
    except ImportError:
        raise Failed("PyTorch is not installed in this environment; install torch, or name another with --python PATH") from None
    make = _find(spec)
    model = _made(make, spec, meta=True)
    try:
        exported = _exported(model, inputs, "meta")
    except Failed as first:
        # Some models compute with numbers while they are traced, which the meta device has not.
        try:
            model = _made(make, spec, meta=False)
            exported = _exported(model, inputs, "cpu")
        except Failed:
            raise first from None
    return _described(model, exported, torch)


def _find(spec: str) -> Any:
    module, _, name = spec.rpartition(":")
    sys.path.insert(0, os.getcwd())
    try:
        if module.endswith(".py"):
            path = os.path.abspath(module)
            if not os.path.isfile(path):
                raise Failed(f"there is no file {module}")
            sys.path.insert(0, os.path.dirname(path))
            found = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
            assert found is not None
            assert found.loader is not None
            loaded = importlib.util.module_from_spec(found)
            sys.modules[found.name] = loaded
            found.loader.exec_module(loaded)
        else:
            loaded = importlib.import_module(module)
    except Failed:
        raise
    except ModuleNotFoundError as error:
        if error.name == module.split(".")[0]:
            raise Failed(
                f"there is no module {error.name} in this environment; run in its folder, or name one with --python"
            ) from None
        raise Failed(f"importing {module} fails: {_words(error)}", _place_of(error)) from None
    except BaseException as error:
        raise Failed(f"importing {module} fails: {_words(error)}", _place_of(error)) from None
    for part in name.split("."):
        if not hasattr(loaded, part):
            names = [one for one in vars(loaded) if callable(getattr(loaded, one, None)) and not one.startswith("_")]
            import difflib

            near = difflib.get_close_matches(part, names, 1)
            raise Failed(f"{module} has no {part}" + (f"; did you mean {near[0]}?" if near else ""))
        loaded = getattr(loaded, part)
    return loaded


def _made(make: Any, spec: str, *, meta: bool) -> Any:
    """The model: an instance, or the result of a class or function called without arguments."""
    import torch

    if isinstance(make, torch.nn.Module):
        return _exportable(make, spec)
    if not callable(make):
        raise Failed(f"{spec} is {type(make).__name__}, not a torch.nn.Module or a function that returns one")
    try:
        if meta:
            try:
                with torch.device("meta"):
                    model = make()
            except Exception:  # Some constructors compute with numbers.
                model = make()
        else:
            model = make()
    except TypeError as error:
        if "argument" in str(error) and _place_of(error) is None:
            raise Failed(f"{spec} needs arguments ({error}); name a function without arguments that creates it") from None
        raise Failed(f"{spec} fails: {_words(error)}", _place_of(error)) from None
    except BaseException as error:
        raise Failed(f"{spec} fails: {_words(error)}", _place_of(error)) from None
    if not isinstance(model, torch.nn.Module):
        raise Failed(f"{spec} gives {type(model).__name__}, not a torch.nn.Module")
    return _exportable(model, spec)


def _exportable(model: Any, spec: str) -> Any:
    """The module itself, without the wrapper of torch.compile. Raises Failed for a scripted one."""
    import torch

    if isinstance(model, torch.jit.ScriptModule):
        raise Failed(f"{spec} is a module of torch.jit, which PyTorch cannot export; name the module that it was made from")
    return getattr(model, "_orig_mod", model).eval()


def _exported(model: Any, inputs: list[Any], device: str) -> Any:
    import torch

    on = {parameter.device.type for parameter in model.parameters()} | {buffer.device.type for buffer in model.buffers()}
    if device == "meta" and on - {"meta"}:
        model.to("meta")
    inputs = _in_order(model, inputs)
    lazy = any(torch.nn.parameter.is_lazy(one) for one in (*model.parameters(), *model.buffers()))
    first: Failed | None = None
    for sizes in _orders(inputs):
        args, kwargs = [], {}
        for (name, _, kind), shape in zip(inputs, sizes, strict=True):
            array = torch.zeros(shape, dtype=torch.int64 if kind == "int" else _real_dtype(model), device=device)
            if name is None:
                args.append(array)
            else:
                kwargs[name] = array
        try:
            with torch.no_grad():
                if lazy:
                    # The first pass gives the parameters their sizes.
                    model(*args, **kwargs)
                return torch.export.export(model, tuple(args), kwargs, strict=False)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            where = _module_of(error, model)
            first = first or Failed(f"the model cannot be exported: {where}{_words(error)}", _place_of(error))
    assert first is not None
    raise first


def _real_dtype(model: Any) -> Any:
    """The type of the first real parameter, which the input of a model in half precision has as well."""
    import torch

    return next((one.dtype for one in model.parameters() if one.is_floating_point()), torch.float32)


def _module_of(error: BaseException, model: Any) -> str:
    """The name and class of the innermost module whose forward pass failed."""
    import torch

    names = {id(module): name for name, module in model.named_modules()}
    found = ""
    trace = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_locals.get("self")
        if isinstance(module, torch.nn.Module) and names.get(id(module)):
            found = f"{names[id(module)]} ({type(module).__name__}): "
        trace = trace.tb_next
    return found


def _in_order(model: Any, inputs: list[Any]) -> list[Any]:
    """The inputs as the model's forward pass names them. Raises Failed if one is missing or has another name."""
    import inspect

    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return inputs
    if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in parameters):
        return inputs
    names = [one.name for one in parameters]
    needed = [one.name for one in parameters if one.default is one.empty]
    given = [name for name, _, _ in inputs if name is not None]
    options = " ".join(f"--input {name}=SHAPE" for name in needed)
    strange = next((name for name in given if name not in names), None)
    if strange is not None:
        raise Failed(f"the model has no input {strange}; its inputs are {', '.join(names)}: give them as {options}")
    if len(needed) > max(len(given), len(inputs)) or (given and set(needed) - set(given)):
        raise Failed(f"the model has the inputs {', '.join(needed)}; give each as {options}")
    if len(inputs) == 1 and inputs[0][0] is None and needed and parameters[0].kind == inspect.Parameter.KEYWORD_ONLY:
        return [[needed[0], *inputs[0][1:]]]
    return sorted(inputs, key=lambda one: names.index(one[0]) if one[0] is not None else 0)


def _orders(inputs: list[Any]) -> list[list[Any]]:
    """The sizes to try: as they are; sequences with the channels last; one number as a number per example."""
    plain = [sizes for _, sizes, _ in inputs]
    turned = [[sizes[0], sizes[2], sizes[1]] if len(sizes) == 3 else sizes for sizes in plain]
    single = [[1] if sizes == [1, 1] else sizes for sizes in plain]
    return [plain, *(one for one in (turned, single) if one != plain)]


def _words(error: BaseException) -> str:
    """The first line of an error's message, in other words if PyTorch speaks of its own symbols."""
    if type(error).__name__ == "GuardOnDataDependentSymNode":
        return "the forward pass depends on the numbers of a tensor, which are known only when it runs"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _place_of(error: BaseException) -> tuple[str, int] | None:
    """The innermost line outside PyTorch and this file."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if _is_users(frame.filename) and frame.lineno:
            return os.path.abspath(frame.filename), frame.lineno
    return None


def _is_users(file: str) -> bool:
    import torch

    folder = os.path.dirname(os.path.abspath(torch.__file__)) + os.sep
    path = os.path.abspath(file)
    library = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
    if path.startswith(library) and "site-packages" not in path:
        return False
    return not path.startswith(folder) and not file.startswith("<") and os.path.isfile(path) and path != os.path.abspath(__file__)


def _described(model: Any, exported: Any, torch: Any) -> dict[str, Any]:
    signature = exported.graph_signature
    canonical: dict[int, str] = {}
    owners: dict[str, tuple[str, Any]] = {}
    for kind, named in (("parameter", model.named_parameters), ("buffer", model.named_buffers)):
        for name, array in named(remove_duplicate=False):
            canonical.setdefault(id(array), name)
            owners[name] = (kind, array)
    arrays: dict[str, Any] = {}
    inputs, places = [], {}
    named = {
        **signature.inputs_to_parameters, **signature.inputs_to_buffers,
        **getattr(signature, "inputs_to_lifted_tensor_constants", {}),
    }  # fmt: skip
    for node in exported.graph.nodes:
        if node.op != "placeholder":
            continue
        value = node.meta.get("val")
        if node.name in named:
            if not node.users:
                continue
            name = named[node.name]
            kind, array = owners.get(name, ("constant", exported.constants.get(name)))
            name = canonical.get(id(array), name)
            places[node.name] = name
            arrays[name] = {
                "kind": kind,
                "shape": list(value.shape) if hasattr(value, "shape") else [],
                "dtype": _dtype(value),
                "trainable": bool(kind == "parameter" and array is not None and array.requires_grad),
                "data": _numbers(array),
            }
        elif hasattr(value, "shape"):
            inputs.append({"name": node.name, "shape": list(map(int, value.shape)), "dtype": _dtype(value)})
    # Results that nothing reads are left out.
    kept = (
        one for one in exported.graph.nodes if one.op == "call_function" and (one.users or one.target is not operator.getitem)
    )
    nodes = [_node(node) for node in kept]
    outputs: list[str] = []
    for node in exported.graph.nodes:
        if node.op == "output":
            _names(node.args, outputs)
    used = set(arrays)
    unused = {
        name: array.numel()
        for name, (kind, array) in owners.items()
        if kind == "parameter" and canonical[id(array)] not in used and canonical[id(array)] == name
    }
    return {
        "torch": torch.__version__, "model": type(model).__name__, "arrays": arrays, "places": places, "inputs": inputs,
        "nodes": nodes, "outputs": outputs, "unused": unused,
    }  # fmt: skip


def _names(value: Any, into: list[str]) -> None:
    if isinstance(value, (list, tuple, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            _names(one, into)
    elif hasattr(value, "op"):
        into.append(value.name)


def _numbers(array: Any) -> list[Any] | None:
    """The numbers of a small array that is no parameter."""
    import torch

    if array is None or not isinstance(array, torch.Tensor) or isinstance(array, torch.nn.Parameter):
        return None
    if array.device.type == "meta" or array.numel() > 1 << 16 or array.is_complex():
        return None
    try:
        return list(array.detach().flatten().tolist())
    except Exception:  # Fake tensors have no numbers.
        return None


def _dtype(value: Any) -> str:
    text = str(getattr(value, "dtype", "torch.float32"))
    return "bool" if "bool" in text else "int" if "int" in text else "float"


def _node(node: Any) -> dict[str, Any]:
    target = node.target
    name = target.name() if callable(getattr(target, "name", None)) else getattr(target, "__name__", str(target))
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = stack[-1][0] if stack else ""
    classes = [str(getattr(one[1], "__name__", one[1])).rpartition(".")[2] for one in stack]
    return {
        "name": node.name,
        "op": name.removeprefix("aten::"),
        "args": _plain(node.args),
        "kwargs": {key: _plain(value) for key, value in node.kwargs.items()},
        "values": _values(node.meta.get("val")),
        "writes": _writes(node),
        "views": bool(node.args) and _storage(node) is not None and _storage(node) == _storage(node.args[0]),
        "path": path.removeprefix("L['self'].").removeprefix("L__self__"),
        "class": classes[-1] if classes else "",
        "place": _place(node.meta.get("stack_trace") or ""),
    }


def _writes(node: Any) -> bool:
    """Whether an operator changes its first argument, as `add_` does."""
    arguments = getattr(getattr(node.target, "_schema", None), "arguments", ())
    info = arguments[0].alias_info if arguments else None
    return info is not None and info.is_write


def _storage(node: Any) -> int | None:
    """The memory of a node's result, or of the first of its results; equal for a tensor and its views."""
    value = getattr(node, "meta", {}).get("val")
    first: Any = value[0] if isinstance(value, (list, tuple)) and value else value
    return first.untyped_storage()._cdata if hasattr(first, "untyped_storage") else None


def _values(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_values(one) for one in value]
    if hasattr(value, "shape"):
        # A size that depends on numbers is a symbol, such as u0.
        known = all(str(size).isdecimal() for size in value.shape)
        return {"shape": list(map(int, value.shape)) if known else None, "dtype": _dtype(value)}
    return None


def _place(trace: str) -> list[Any] | None:
    """The innermost line of the model's own source."""
    frames = [(match["file"], int(match["line"])) for match in _FRAME.finditer(trace)]
    for file, line in reversed(frames):
        if _is_users(file):
            return [os.path.abspath(file), line]
    return None


def _plain(value: Any) -> Any:
    """An argument as JSON: a reference is {"node": name}."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if hasattr(value, "op") and hasattr(value, "name") and not isinstance(value, type):
        return {"node": value.name}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, slice):
        return {"slice": [_plain(value.start), _plain(value.stop), _plain(value.step)]}
    return {"word": str(value)}


if __name__ == "__main__":
    main()
