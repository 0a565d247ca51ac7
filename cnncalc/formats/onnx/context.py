"""The facts about a model that handlers of operators read."""

from __future__ import annotations

from cnncalc.formats.onnx import weights
from cnncalc.formats.onnx.order import ModelRefused
from cnncalc.formats.onnx.proto import TensorProto
from cnncalc.formats.onnx.wire import Buffer
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Program


class Context:
    """The program that is written, the model's stored tensors, and the types of its inputs."""

    def __init__(self, buffer: Buffer, folder: str) -> None:
        self.buffer = buffer
        self.folder = folder
        self.program = Program()
        #: Inputs that are ids of words.
        self.tokens: set[str] = set()
        #: Types of the inputs and stored tensors, as the file names them.
        self.dtypes: dict[str, str] = {}
        #: Whether no array of numbers is stored: weights are then filled in by ConstantOfShape.
        self.weightless = False
        #: Batch that the file writes into its constants, if it is not 1.
        self.batch = 1

    def stored(self, tensor: TensorProto, name: str | None = None) -> Constant:
        """A constant whose numbers stand in the file."""
        if tensor.external is not None and not tensor.external.get("sparse"):
            try:
                weights.check_location(tensor, self.folder)
            except weights.DataError as error:
                raise ModelRefused(str(error)) from None
        buffer, folder = self.buffer, self.folder
        return Constant(
            tensor.dims,
            weights.sort(tensor.dtype),
            name=name if name is not None else tensor.name,
            read=lambda: weights.numbers(tensor, buffer, folder),
            array=lambda: weights.array(tensor, buffer, folder),
        )
