"""The configuration inside a `.keras` file, an `.h5` file or a model's JSON. Weights are never read."""

from __future__ import annotations

import io
import json
import struct
from typing import TYPE_CHECKING, Any

from cnncalc.build.reading import unusable
from cnncalc.problem import Location, SpecError

if TYPE_CHECKING:
    from cnncalc.build.reading import Source

#: Bytes of a configuration; those of the largest published models have about 2 MiB.
MAX_CONFIG = 10 * 2**20
#: Bytes of a zip file's table of contents: room for some 10,000 members.
MAX_TABLE = 2**20
#: Objects and lists in a configuration.
MAX_NODES = 500_000

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_END = b"PK\x05\x06"
_END_SIZE = 22


def configuration(source: Source) -> dict[str, Any]:
    """The serialised model, with `class_name` and `config`. Raises SpecError."""
    start = source.start(8)
    if start.startswith(ZIP):
        text = _from_zip(source)
    elif start.startswith(HDF5):
        text = _from_hdf5(source)
    else:
        text = source.text.encode("utf-8", "replace")
    found = parse(text, source.file)
    if not isinstance(found, dict) or not isinstance(found.get("class_name"), str) or "config" not in found:
        raise unusable("file", source.file, Location(), "the JSON is not a Keras model: it has no class_name and config")
    return found


def parse(text: bytes, file: str | None) -> Any:
    """JSON within limits. Raises SpecError that names the place of a fault or the limit."""
    if text.count(b"{") + text.count(b"[") > MAX_NODES:
        raise unusable("limit", file, Location(), f"the configuration has more than {MAX_NODES:,} objects and lists")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = Location(error.lineno, error.colno, error.lineno, error.colno + 1)
        raise unusable("file", file, at, f"the configuration is not JSON: {error.msg}") from None
    except RecursionError:
        raise unusable("limit", file, Location(), "the configuration is nested too deep") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise unusable("file", file, Location(), f"the configuration is not JSON: {error}") from None


def _from_zip(source: Source) -> bytes:
    """`config.json` of a `.keras` file."""
    import zipfile

    stream: Any = None
    try:
        stream = open(source.file, "rb") if source.file and source.file != "-" and source.on_disk else io.BytesIO(source.data)  # noqa: SIM115 - closed below
        _check_table(stream, source.file)
        with zipfile.ZipFile(stream) as archive:
            try:
                info = archive.getinfo("config.json")
            except KeyError:
                names = ", ".join(archive.namelist()[:3])
                message = f"the zip file has no config.json, so it is not a .keras file; it has {names or 'nothing'}"
                raise unusable("file", source.file, Location(), message) from None
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise unusable(
                    "file", source.file, Location(), "config.json is encrypted, or compressed in a way Keras does not use"
                )
            with archive.open(info) as member:
                text = member.read(MAX_CONFIG + 1)
    except OSError as error:
        raise unusable("file", source.file, Location(), error.strerror or str(error)) from None
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        ValueError,
        NotImplementedError,
        struct.error,
        OverflowError,
    ) as error:
        raise unusable("file", source.file, Location(), f"the .keras file is damaged: {error}") from None
    except Exception as error:
        if type(error).__module__ != "zlib":
            raise
        raise unusable("file", source.file, Location(), f"the .keras file is damaged: {error}") from None
    finally:
        if stream is not None:
            stream.close()
    if len(text) > MAX_CONFIG:
        raise unusable("limit", source.file, Location(), "config.json has more than 10 MiB")
    return text


def _check_table(stream: Any, file: str | None) -> None:
    """Refuse a table of contents that is too large to be Keras's. Raises SpecError."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 65_535 - _END_SIZE))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise unusable("file", file, Location(), "the .keras file is damaged: it has no end, as if it were cut off")
    count, table = struct.unpack_from("<HI", tail, at + 10)
    if table > MAX_TABLE and table != 0xFFFFFFFF:
        raise unusable("limit", file, Location(), f"the zip file has {count:,} members, and a .keras file has a few")
    if table == 0xFFFFFFFF:
        raise unusable("limit", file, Location(), "the zip file's table of contents has more than 4 GiB")


def _from_hdf5(source: Source) -> bytes:
    """`model_config` of an `.h5` file."""
    try:
        import h5py
    except ImportError:
        message = (
            "an .h5 file is read with h5py, which is not installed: pip install 'cnncalc[keras]'; or save the model as .keras"
        )
        raise unusable("file", source.file, Location(), message) from None
    try:
        stream: Any = source.file if source.file and source.file != "-" and source.on_disk else io.BytesIO(source.data)
        with h5py.File(stream, "r") as file:
            if "model_config" not in file.attrs:
                message = "the .h5 file has weights and no model; save the model itself: model.save('model.keras')"
                raise unusable("file", source.file, Location(), message)
            if file.attrs.get_id("model_config").get_storage_size() > MAX_CONFIG:
                raise unusable("limit", source.file, Location(), "model_config has more than 10 MiB")
            text = file.attrs["model_config"]
    except SpecError:
        raise
    except Exception as error:
        # Whatever a damaged file makes of the library: OSError, RuntimeError, KeyError, ValueError.
        message = f"the .h5 file is damaged: {str(error) or type(error).__name__}"
        raise unusable("file", source.file, Location(), message) from None
    return text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)
