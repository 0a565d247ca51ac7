"""The server as an editor sees it, over standard input and output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.editor.client import Client

pytest.importorskip("pygls")

URI = "file:///nets/net.yaml"
TEXT = """\
name: 😀
input: 224x224x3
layers:
  - {conv: 96, kernel_size: 11, stride: 4, name: first}   # 漢😀
  - relu
  - {maxpool: 3, stride: 2}
  - {add: [maxpool1, input]}
"""
EVERYTHING = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}


@pytest.fixture(scope="module")
def client():
    found = Client(capabilities={"general": {"positionEncodings": ["utf-8", "utf-16"]}})
    found.notify("textDocument/didOpen", {"textDocument": {"uri": URI, "languageId": "yaml", "version": 1, "text": TEXT}})
    yield found
    assert found.close() == 0


def ask(client: Client, method: str, **more):
    return client.request(method, {"textDocument": {"uri": URI}, **more})["result"]


def at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def test_positions_are_utf_16_whatever_a_client_offers(client):
    assert client.capabilities["positionEncoding"] == "utf-16"


def test_diagnostics_have_ranges_codes_and_levels(client):
    found = client.diagnostics(URI, 1)
    first = found[0]
    assert (first["code"], first["severity"], first["source"]) == ("stride-fit", 1, "cnncalc")
    # The kind's key.
    assert first["range"] == {"start": at(3, 5), "end": at(3, 9)}
    assert "(224 − 11 + 2·0)/4 + 1 = 54.25" in first["message"]
    assert {one["code"] for one in found} == {"stride-fit", "join"}


def test_hints(client):
    found = ask(client, "textDocument/inlayHint", range=EVERYTHING)
    assert found[0]["position"] == at(3, len(TEXT.splitlines()[3].encode("utf-16-le")) // 2)
    # (11·11·3 + 1)·96
    assert found[0]["label"] == "→ 54x54x96  34,944 parameters"


def test_hover_has_the_formula_with_its_numbers(client):
    found = ask(client, "textDocument/hover", position=at(3, 6))
    assert "(224 − 11 + 2·0)/4 + 1 = 54.25" in found["contents"]["value"]
    assert "(11·11·3 + 1)·96 = 34,944" in found["contents"]["value"]
    assert "stride-fit" in found["contents"]["value"]


def test_completion(client):
    labels = [item["label"] for item in ask(client, "textDocument/completion", position=at(3, 15))["items"]]
    assert "padding" in labels


def test_quick_fixes(client):
    context = {"diagnostics": client.diagnostics(URI, 1)[:1], "only": ["quickfix"]}
    found = ask(client, "textDocument/codeAction", range={"start": at(3, 5), "end": at(3, 9)}, context=context)
    titles = [action["title"] for action in found]
    assert "stride 3" in titles
    edit = found[titles.index("stride 3")]["edit"]["changes"][URI][0]
    assert (edit["range"], edit["newText"]) == ({"start": at(3, 40), "end": at(3, 41)}, "3")


def test_symbols_folds_and_lenses(client):
    symbols = ask(client, "textDocument/documentSymbol")
    assert [symbol["name"] for symbol in symbols] == ["first", "relu1", "maxpool1", "add1"]
    assert ask(client, "textDocument/foldingRange") == [{"startLine": 2, "endLine": 6}]
    assert ask(client, "textDocument/codeLens") == []


def test_names(client):
    here = at(6, 12)
    definition = ask(client, "textDocument/definition", position=here)
    assert definition["range"]["start"] == at(5, 5)
    uses = ask(client, "textDocument/references", position=here, context={"includeDeclaration": False})
    assert [use["range"]["start"] for use in uses] == [at(6, 11)]
    refused = client.request("textDocument/rename", {"textDocument": {"uri": URI}, "position": here, "newName": "x"})
    assert "numbered by its kind" in refused["error"]["message"]


def test_a_change_is_read_again_and_other_yaml_is_left_alone(client):
    uri = "file:///nets/other.yaml"
    client.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": "a: [1\n"}})
    assert client.diagnostics(uri, 1) == []
    change = {"range": {"start": at(0, 0), "end": at(0, 6)}, "text": "input: 3x3x1\nlayers:\n  - relux"}
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    assert [one["code"] for one in client.diagnostics(uri, 2)] == ["unknown-kind"]
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert client.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": at(0, 0)})["result"] is None


def test_the_settings_of_a_project_hold(client, tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[tool.cnncalc]\nignore = ["stride-fit"]\n', encoding="utf-8")
    uri = (tmp_path / "net.yaml").as_uri()
    text = "input: 7x7x1\nlayers:\n  - {conv: 1, kernel_size: 3, stride: 3}\n"
    client.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
    assert client.diagnostics(uri, 1) == []
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": (tmp_path / "pyproject.toml").as_uri(), "type": 2}]})
    change = {"text": text + "  - relu\n"}
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    assert [one["code"] for one in client.diagnostics(uri, 2)] == ["stride-fit"]


def test_without_pygls_the_command_says_what_to_install():
    code = "import sys; sys.modules['pygls'] = None; sys.argv = ['cnncalc', 'server']; from cnncalc.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "error: cnncalc server needs pygls; install it with pip install 'cnncalc[editor]'\n"


def test_nothing_of_the_server_is_imported_by_other_commands():
    code = "import sys; sys.argv = ['cnncalc', 'show', 'lenet5']; from cnncalc.cli import main\ntry: main()\nfinally: print('pygls' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False"


def test_other_kinds_of_files_are_left_alone(client):
    uri = "file:///nets/notes.md"
    document = {"uri": uri, "languageId": "markdown", "version": 0, "text": TEXT}
    client.notify("textDocument/didOpen", {"textDocument": document})
    everything = {"start": at(0, 0), "end": at(9, 0)}
    answer = client.request("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": everything})
    assert answer["result"] == []
    assert not [one for one in client.notifications if one["params"].get("uri") == uri]


def test_changes_of_settings_are_asked_for(tmp_path: Path):
    watching = Client(capabilities={"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}})
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.cnncalc]\nignore = ["even-same-padding"]\n', encoding="utf-8")
    uri = (tmp_path / "net.yaml").as_uri()
    text = "input: 32x32x3\nlayers:\n  - {conv: 8, kernel_size: 4, padding: same}\n"
    watching.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
    assert watching.diagnostics(uri, 1) == []
    (wanted,) = [one for one in watching.notifications if one["method"] == "client/registerCapability"]
    (registration,) = wanted["params"]["registrations"]
    assert registration["registerOptions"]["watchers"] == [{"globPattern": "**/pyproject.toml"}]
    settings.write_text("[tool.cnncalc]\n", encoding="utf-8")
    watching.notifications.clear()
    watching.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": settings.as_uri(), "type": 2}]})
    assert [one["code"] for one in watching.diagnostics(uri, 1)] == ["even-same-padding"]
    assert watching.close() == 0


def test_an_exit_without_a_shutdown_is_status_1():
    # Language Server Protocol, "exit": 0 after a shutdown, 1 otherwise.
    assert Client().close(shutdown=False) == 1


def test_requests_about_a_long_text_can_be_cancelled(client):
    uri = "file:///nets/long.yaml"
    text = "input: 32x32x3\nlayers:\n" + "  - {conv: 8, kernel_size: 3, padding: 1}\n  - relu\n" * 3000
    client.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
    assert client.diagnostics(uri, 1) == []
    everything = {"textDocument": {"uri": uri}, "range": {"start": at(0, 0), "end": at(9999, 0)}}
    numbers = [client.send_request("textDocument/inlayHint", everything) for _ in range(3)]
    client.notify("$/cancelRequest", {"id": numbers[2]})
    answers = [client.answer(number) for number in numbers]
    assert [len(answer["result"]) for answer in answers[:2]] == [6000, 6000]
    # RequestCancelled, Language Server Protocol 3.17.
    assert answers[2]["error"]["code"] == -32800
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_a_request_with_invalid_parameters_is_refused(client):
    answer = client.request("textDocument/hover", {"textDocument": {"uri": URI}, "position": at(-1, 0)})
    # InvalidParams, JSON-RPC 2.0.
    assert answer["error"]["code"] == -32602
    assert client.request("textDocument/hover", {"textDocument": {"uri": URI}, "position": at(10**9, 5)})["result"] is None


def test_a_request_after_the_shutdown_is_refused():
    ending = Client()
    ending.request("shutdown", None)
    # InvalidRequest, Language Server Protocol 3.17, "shutdown".
    answer = ending.request("textDocument/hover", {"textDocument": {"uri": URI}, "position": at(0, 0)})
    assert answer["error"]["code"] == -32600
    assert ending.close(shutdown=False) == 0
