"""The arguments of a format, Source and changes, and its result, a Reading."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnncalc.build.cache import Cache
from cnncalc.dtype import DEFAULT
from cnncalc.graph import Graph, Producer
from cnncalc.place import Place, lines_of
from cnncalc.problem import Fix, Location, Problem, SpecError
from cnncalc.record import Record

if TYPE_CHECKING:
    from typing import BinaryIO

#: A text is refused beyond this size; files of weights may be larger.
MAX_BYTES = 10 * 2**20
#: Names that exporters and frameworks give to every network, perhaps with a number, or to each export a new one.
_AUTOMATIC = re.compile(
    r"(main(_?graph)?|graph|torch[-_]jit([-_]export)?|jit|tf2onnx|(keras_|onnx_)?model|functional|sequential|network|net"
    r"|mxnet_converted_model)([-_]?\d+)?|[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|\s*",
    re.IGNORECASE,
)
TOO_LARGE = "a spec is at most 10 MiB, and this file is larger"


def own_name(name: object) -> str | None:
    """Return the name that a file of another tool has for its network, or None for a name that the tool gives to every network.

    >>> own_name("resnet50"), own_name("torch-jit-export"), own_name("sequential_1")
    ('resnet50', None, None)
    """
    return name if isinstance(name, str) and not _AUTOMATIC.fullmatch(name) else None


class Source:
    """A file and its contents, read on demand; `-` is standard input. `file` is None for text without a file."""

    def __init__(self, file: str | None, *, text: str | None = None, data: bytes | None = None) -> None:
        self.file = file
        self._text = text
        self._data = data
        #: Whether the contents are those of the file, so that a format may read parts of it.
        self.on_disk = text is None and data is None and file is not None and file != "-"
        #: Whether `_data` is everything there is.
        self._whole = data is not None
        #: The parsed contents, kept by a format for further readings of the same source with other changes.
        self.parsed: Any = None
        #: Layers and inferences of earlier versions of the same text.
        self.cache = Cache()

    @property
    def stem(self) -> str | None:
        """The file's name without folder and suffix; None without a file of its own."""
        if self.file is None or self.file == "-":
            return None
        return os.path.splitext(os.path.basename(self.file))[0]

    @property
    def suffix(self) -> str:
        """The suffix of the file's name in lower case, with its dot; empty if there is none."""
        return os.path.splitext(self.file or "")[1].lower()

    def start(self, count: int = 4096) -> bytes:
        """The first `count` bytes. Raises SpecError if the file cannot be read."""
        if self._text is not None:
            return self._text[:count].encode("utf-8", "replace")[:count]
        if self._data is None or (not self._whole and len(self._data) < count):
            self._data = self._read(None if self.file == "-" else count)
        return self._data[:count]

    @property
    def data(self) -> bytes:
        """All bytes. Raises SpecError if the file cannot be read."""
        if self._text is not None:
            return self._text.encode("utf-8")
        if self._data is None or not self._whole:
            self._data = self._read(None)
        return self._data

    @property
    def text(self) -> str:
        """The contents as text. Raises SpecError unless they are UTF-8 of at most 10 MiB."""
        if self._text is None:
            if self._data is None or (not self._whole and len(self._data) <= MAX_BYTES):
                self._data = self._read(MAX_BYTES + 1)
            self._text = decode(self._data, self.file)
        return self._text

    def _read(self, count: int | None) -> bytes:
        if self.file is None:
            return b""
        try:
            if self.file == "-":
                return self._take(_standard_input(), count)
            with open(self.file, "rb") as stream:
                return self._take(stream, count)
        except OSError as error:
            messages = {
                FileNotFoundError: "there is no such file",
                IsADirectoryError: "this is a folder, not a file; cnncalc check validates the files of a folder",
                PermissionError: "no permission to read this file",
            }
            message = messages.get(type(error)) or error.strerror or str(error)
            raise unusable("file", self.file, Location(), message) from None
        except ValueError:
            raise unusable("file", self.file, Location(), "this cannot be the name of a file") from None

    def _take(self, stream: BinaryIO, count: int | None) -> bytes:
        data = stream.read() if count is None else stream.read(count)
        self._whole = count is None or len(data) < count
        return data


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        # Closed before the start, as by `cnncalc show - <&-`.
        raise OSError("standard input is closed")
    return sys.stdin.buffer


def decode(data: bytes, file: str | None) -> str:
    """The text of a file. Raises SpecError unless it is UTF-8 text of at most 10 MiB."""
    if len(data) > MAX_BYTES:
        raise unusable("limit", file, Location(), TOO_LARGE)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise unusable("file", file, Location(1, 1, 1, 1), "the text is UTF-16; save it as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        if b"\x00" in data[:4096]:
            raise unusable("file", file, Location(1, 1, 1, 1), "this is a binary file, not UTF-8 text") from None
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise unusable("file", file, end_of(before), message) from None
    if "\x00" in text:
        raise unusable("file", file, end_of(text[: text.index("\x00")]), "this is a binary file, not UTF-8 text")
    return text


def end_of(before: str) -> Location:
    """The place of the character after a text."""
    lines = lines_of(before)
    return Location(len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)


def unusable(rule: str, file: str | None, at: Location, message: str) -> SpecError:
    """The error of a file that is not a network at all."""
    return SpecError([Problem(rule, "error", file, at, None, message)])


class Ignore:
    """A rule that a comment, or the file as a whole, opts out of.

    `removal` is the edit that removes it, None if there is none; `fault` is the reason why it can hide no problem.
    """

    __slots__ = ("fault", "location", "removal", "rule", "used")

    def __init__(self, rule: str, location: Location, removal: Fix | None, fault: str | None = None) -> None:
        self.rule = rule
        self.location = location
        self.removal = removal
        self.fault = fault
        #: Whether it has hidden a problem.
        self.used = False


class Ignores:
    """The ignores of a file; this class has none. `whole` are those of the file, `found` those of single rows."""

    whole: Sequence[Ignore] = ()
    found: Sequence[Ignore] = ()

    def hides(self, problem: Problem) -> bool:
        """Whether a comment hides a problem; the comment is then marked as used."""
        return False


class Definition:
    """A block, var, parameter or input that a file defines; `advice` is how it would be used or removed."""

    __slots__ = ("advice", "location", "title", "used")

    def __init__(self, title: str, location: Location, used: bool, advice: str) -> None:
        self.title = title
        self.location = location
        self.used = used
        self.advice = advice


class Reading(Record):
    """A network as its file describes it. A format sets the attributes that its files have."""

    source: Source
    graph: Graph
    #: Sorted by place, without those that the file hides.
    problems: list[Problem]
    #: Whether the file is not a network at all; `problems` says why.
    unusable: bool = False
    name: str | None = None
    description: str | None = None
    #: The source of the figures, such as a paper.
    credit: str | None = None
    #: The order of axes in the file.
    layout: str = "channels_last"
    #: Type of the numbers, for figures in bytes.
    dtype: str = DEFAULT
    #: Whether every operation of the file is known: False if some became `custom` layers.
    complete: bool = True
    #: Whether it differs from its file by `--input`, `--set` or `--fit`.
    changed: bool = False
    #: Whether expectations of the file were skipped because of that.
    expect_skipped: bool = False
    #: Totals that the file expects; no safe fix may change them.
    expected: frozenset[str] = frozenset()
    #: The most that the file allows of each total.
    budget: Mapping[str, int] = {}
    #: Rules that the file as a whole opts out of.
    ignored: frozenset[str] = frozenset()
    ignores: Ignores = Ignores()
    #: The names that `--set` takes in addition to fields.
    vars: tuple[str, ...] = ()
    #: The top-level rows by name, in order.
    rows: Mapping[str, Place] = {}
    #: Resolves a name that is not the full name of a layer; returns None if the file has no such name.
    find: Callable[[str], Producer | None] | None = None
    #: The definitions of the file, which only rules ask for.
    definitions: Callable[[], Iterator[Definition]] = staticmethod(lambda: iter(()))
    #: The file's own weights, by layer and PyTorch's names of arrays; None if it has none.
    weights: Callable[[], Mapping[str, Mapping[str, Any]]] | None = None
    #: A line for the reader, such as a batch norm that the exporter folded.
    notes: tuple[str, ...] = ()

    @classmethod
    def failed(cls, source: Source, problems: list[Problem]) -> Reading:
        """The reading of a file that is not a network at all."""
        return cls(source, Graph([]), sorted(problems, key=lambda problem: problem.location), unusable=True)

    @property
    def text(self) -> str:
        """The file's text; empty for a format that is not text."""
        try:
            return self.source.text
        except SpecError:
            return ""
