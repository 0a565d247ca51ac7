"""A client of the language server over standard input and output: messages out, answers and notifications in."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

_PATIENCE = 60


class Client:
    """Starts the server; `request` waits for its answer."""

    def __init__(self, *, capabilities: dict[str, Any] | None = None) -> None:
        command = [sys.executable, "-m", "cnncalc", "server"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._changed = threading.Condition()
        self._answers: dict[int, dict[str, Any]] = {}
        self.notifications: list[dict[str, Any]] = []
        self._id = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.capabilities = self.request("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities or {}})[
            "result"
        ]["capabilities"]
        self.notify("initialized", {})

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()).strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not line:
                return
            message = json.loads(stream.read(length))
            with self._changed:
                if "method" in message:
                    self.notifications.append(message)
                else:
                    self._answers[message["id"]] = message
                self._changed.notify_all()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        stream.flush()

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> dict[str, Any]:
        return self.answer(self.send_request(method, params))

    def send_request(self, method: str, params: Any) -> int:
        """Send a request without waiting for its answer; return its number."""
        self._id += 1
        self._send({"id": self._id, "method": method, "params": params})
        return self._id

    def answer(self, number: int) -> dict[str, Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: number in self._answers, _PATIENCE), number
            return self._answers.pop(number)

    def diagnostics(self, uri: str, version: int) -> list[dict[str, Any]]:
        """The diagnostics of a version of a document."""

        def found() -> list[dict[str, Any]] | None:
            for message in self.notifications:
                params = message["params"]
                published = message["method"] == "textDocument/publishDiagnostics"
                if published and params["uri"] == uri and params.get("version") == version:
                    return list(params["diagnostics"])
            return None

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, _PATIENCE)
            return found() or []

    def close(self, *, shutdown: bool = True) -> int:
        """The exit status of the server that was asked to end."""
        if shutdown:
            self.request("shutdown", None)
        self.notify("exit", None)
        status = self.process.wait(_PATIENCE)
        self._reader.join(_PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return status
