"""The JSON Schema in yaml-language-server, over stdio: what editors complete, and what they say of one typo."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cnncalc.language.schema import schema
from cnncalc.layers import KINDS

#: The server's executable; on the path after `npm install --global yaml-language-server`.
SERVER = os.environ.get("YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server")
pytestmark = pytest.mark.skipif(SERVER is None, reason="yaml-language-server is not installed")


class Client:
    """Speaks the protocol to one server."""

    def __init__(self, folder: Path) -> None:
        self.schema = (folder / "schema.json").as_uri()
        (folder / "schema.json").write_text(json.dumps(schema()), "utf-8")
        self.folder = folder.as_uri()
        assert SERVER is not None
        self.process = subprocess.Popen(
            [SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.messages: queue.Queue[Any] = queue.Queue()
        self.diagnostics: dict[str, list[Any]] = {}
        self.number = 0
        threading.Thread(target=self._read, daemon=True).start()
        self.ask("initialize", processId=None, rootUri=self.folder, capabilities={"workspace": {"configuration": True}})
        self._send(method="initialized", params={})
        self._send(method="workspace/didChangeConfiguration", params={"settings": {"yaml": self._settings()}})
        # The schema is there once it finds a fault.
        assert self.faults("input: 8x8x3\nlayers: [rleu]\n")

    def _settings(self) -> dict[str, Any]:
        return {"validate": True, "completion": True, "schemas": {self.schema: "*.yaml"}, "schemaStore": {"enable": False}}

    def _read(self) -> None:
        assert self.process.stdout is not None
        while True:
            length = 0
            while line := self.process.stdout.readline().strip():
                if line.lower().startswith(b"content-length"):
                    length = int(line.partition(b":")[2])
            if not length:
                return
            self.messages.put(json.loads(self.process.stdout.read(length)))

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _next(self) -> Any:
        message = self.messages.get(timeout=60)
        if message.get("method") == "workspace/configuration":
            items = message["params"]["items"]
            self._send(id=message["id"], result=[self._settings() if one.get("section") == "yaml" else {} for one in items])
        elif message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            self._send(id=message["id"], result=None)
        return message

    def ask(self, method: str, **params: Any) -> Any:
        self.number += 1
        self._send(id=self.number, method=method, params=params)
        while (message := self._next()).get("id") != self.number or "method" in message:
            pass
        return message["result"]

    def _open(self, text: str) -> str:
        self.number += 1
        uri = f"{self.folder}/{self.number}.yaml"
        self._send(
            method="textDocument/didOpen",
            params={"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}},
        )
        return uri

    def faults(self, text: str) -> list[str]:
        """What is said of a file."""
        uri = self._open(text)
        while uri not in self.diagnostics:
            self._next()
        return [one["message"] for one in self.diagnostics[uri]]

    def completed(self, text: str) -> list[str]:
        """What is offered where `|` stands."""
        before, _, after = text.partition("|")
        uri = self._open(before + after)
        line = before.count("\n")
        position = {"line": line, "character": len(before) - before.rfind("\n") - 1}
        result = self.ask("textDocument/completion", textDocument={"uri": uri}, position=position)
        return [item["label"] for item in (result["items"] if isinstance(result, dict) else result or [])]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    found = Client(tmp_path_factory.mktemp("editor"))
    yield found
    found.process.kill()
    found.process.wait()
    for stream in (found.process.stdin, found.process.stdout):
        assert stream is not None
        stream.close()


@pytest.mark.parametrize("row", ["{|}", "{c|}", "|"])
def test_every_kind_is_offered_where_a_row_begins(client: Client, row: str) -> None:
    offered = client.completed(f"input: 8x8x3\nlayers:\n  - {row}\n")
    assert {*KINDS, "block", "branches"} <= set(offered)


@pytest.mark.parametrize("row", ["{conv: 64, k|}", "conv: 64\n    |"])
def test_the_fields_of_a_kind_are_offered_behind_it(client: Client, row: str) -> None:
    offered = client.completed(f"input: 8x8x3\nlayers:\n  - {row}\n")
    assert {"kernel_size", "stride", "padding", "padding_mode", "dilation", "groups", "bias", "name", "repeat"} <= set(offered)
    assert "units" not in offered


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("layers:\n  - {lstm: 64, return: |}\n", {"last", "sequence"}),
        ("layers:\n  - {conv: 8, kernel_size: 3, padding: |}\n", {"same", "valid", "causal"}),
        ("layers:\n  - {conv: 8, kernel_size: 3, bias: |}\n", {"true", "false"}),
        ("layers: [relu]\nfit: |\n", {"exact", "floor", "ceil"}),
    ],
)
def test_the_words_of_a_field_are_offered(client: Client, text: str, words: set[str]) -> None:
    assert words <= set(client.completed(f"input: 8x8x3\n{text}"))


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("{conv: 8, kernl_size: 3, kernel_size: 3}", "kernl_size"),
        ("{conv: 8, kernel_size: 3, fit: flor}", '"exact", "floor", "ceil"'),
        ("{lstm: 8, return: lst}", '"last", "sequence"'),
        ("{conv: 8}", "kernel_size"),
        ("{cnov: 8}", '"relu"'),
    ],
)
def test_one_typo_is_one_fault(client: Client, row: str, word: str) -> None:
    (said,) = client.faults(f"input: 8x8x3\nlayers:\n  - {row}\n")
    assert word in said


def test_a_file_that_is_right_has_no_fault(client: Client) -> None:
    assert client.faults(Path("specs/lenet5.yaml").read_text("utf-8")) == []
