"""The server with clients of others: VS Code's packages, Neovim, pytest-lsp. Each is skipped where it is not installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pygls")

HERE = Path(__file__).parent
TEXT = "input: 224x224x3  # 😀\nlayers:\n  - {conv: 96, kernel_size: 11, stride: 4}\n"
FIXED = "input: 224x224x3  # 😀|layers:|  - {conv: 96, kernel_size: 11, stride: 3}"


def node() -> str | None:
    """Node.js, if it finds the packages of VS Code's client; NODE_PATH says where they are."""
    found = shutil.which("node")
    if found is None:
        return None
    done = subprocess.run([found, "-e", "require('vscode-languageserver-protocol/node')"], check=False, capture_output=True)
    return found if done.returncode == 0 else None


def test_vs_code_s_packages():
    program = node()
    if program is None:
        pytest.skip("vscode-languageserver-protocol is not installed")
    done = subprocess.run(
        [program, str(HERE / "vscode_client.js"), sys.executable, TEXT], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["code"] for one in found["diagnostics"]] == ["stride-fit"]
    assert found["hints"][0]["label"] == "→ 54x54x96  34,944 parameters"
    assert "(224 − 11 + 2·0)/4 + 1 = 54.25" in found["hover"]["contents"]["value"]
    assert "conv" in [item["label"] for item in found["completion"]["items"]]
    assert "stride 3" in [action["title"] for action in found["actions"]]


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_neovim_shows_the_problem_and_applies_a_fix(tmp_path: Path):
    file = tmp_path / "net.yaml"
    file.write_text(TEXT, encoding="utf-8")
    wanted = {"CNNCALC_FILE": str(file), "CNNCALC_PYTHON": sys.executable, "CNNCALC_FIX": "stride 3"}
    done = subprocess.run(
        ["nvim", "--clean", "--headless", "-c", f"luafile {HERE / 'neovim.lua'}"],
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, **wanted, "XDG_STATE_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
    )
    said = done.stdout + done.stderr
    assert "DIAGNOSTIC 2:5-9 stride-fit" in said
    assert f"TEXT {FIXED}" in said


def test_pytest_lsp(tmp_path: Path):
    pytest_lsp = pytest.importorskip("pytest_lsp")
    import asyncio

    from lsprotocol import types as lsp

    uri = (tmp_path / "net.yaml").as_uri()

    async def session() -> tuple[list[lsp.Diagnostic], list[lsp.InlayHint]]:
        client = pytest_lsp.make_test_lsp_client()
        await client.start_io(sys.executable, "-m", "cnncalc", "server")
        await client.initialize_session(lsp.InitializeParams(capabilities=pytest_lsp.client_capabilities("visual-studio-code")))
        client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "yaml", 1, TEXT)))
        await client.wait_for_notification(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        everything = lsp.Range(lsp.Position(0, 0), lsp.Position(99, 0))
        hints = await client.text_document_inlay_hint_async(lsp.InlayHintParams(lsp.TextDocumentIdentifier(uri), everything))
        found = list(client.diagnostics[uri])
        await client.shutdown_session()
        await client.stop()
        return found, list(hints or [])

    found, hints = asyncio.run(session())
    assert [one.code for one in found] == ["stride-fit"]
    assert [hint.label for hint in hints] == ["→ 54x54x96  34,944 parameters"]
