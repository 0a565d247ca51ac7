"""Headless Chromium as a measuring device, for tests that are skipped without it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--hide-scrollbars", "--virtual-time-budget=10000",
]  # fmt: skip


def dump(page: Path, folder: Path, *flags: str) -> tuple[str, str]:
    """The page's DOM after its scripts have run, and what Chromium wrote to its log (console messages included)."""
    assert CHROMIUM is not None
    profile = folder / "profile"
    command = [CHROMIUM, *_FLAGS, *flags, "--enable-logging=stderr", f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=180)
    return done.stdout, done.stderr


def measured(body: str, script: str, folder: Path, *flags: str) -> object:
    """The JSON that `script` makes of a page with `body`; it puts its result into `result`."""
    page = folder / "page.html"
    page.write_text(
        "<!doctype html><meta charset=utf-8><body style='margin:0'>" + body + "<pre id=out></pre><script>let result;"
        + script + "document.getElementById('out').textContent = JSON.stringify(result)</script>",
        encoding="utf-8",
    )  # fmt: skip
    dom, _ = dump(page, folder, *flags)
    text = dom.rpartition('<pre id="out">')[2].partition("</pre>")[0]
    return json.loads(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


OVERLAPS = """
result = [...document.querySelectorAll('svg')].map((svg) => {
  const outer = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map((t) => ({text: t.textContent, box: t.getBoundingClientRect()}));
  const faults = [];
  for (const t of texts) {
    if (t.box.left < outer.left || t.box.right > outer.right || t.box.top < outer.top || t.box.bottom > outer.bottom)
      faults.push('outside: ' + t.text);
  }
  for (const shape of svg.querySelectorAll('rect,path,polygon')) {
    const b = shape.getBoundingClientRect();
    if (b.left < outer.left - 1 || b.right > outer.right + 1 || b.top < outer.top - 1 || b.bottom > outer.bottom + 1)
      faults.push('outside: ' + shape.outerHTML.slice(0, 80));
  }
  const sorted = texts.sort((a, b) => a.box.top - b.box.top);
  for (let i = 0; i < sorted.length; i++)
    for (let j = i + 1; j < sorted.length && sorted[j].box.top < sorted[i].box.bottom; j++) {
      const a = sorted[i].box, b = sorted[j].box;
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 0.5 && y > 2) faults.push('overlap: ' + sorted[i].text + ' | ' + sorted[j].text);
    }
  return {title: svg.querySelector('title').textContent, labels: texts.length, faults};
});
"""
"""For each picture of the page: how many labels it has, which overlap, and what stands outside."""
