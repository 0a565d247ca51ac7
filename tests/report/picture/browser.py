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
  const texts = [...svg.querySelectorAll('text')].map((t) => ({text: t.textContent, of: t, box: t.getBoundingClientRect()}));
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
  const boxes = [...svg.querySelectorAll('rect,polygon')].filter((s) => /^(card|f-|frameline|panel)/.test(s.getAttribute('class')))
    .map((s) => ({of: s.parentNode, box: s.getBoundingClientRect()}));
  for (const t of texts) {
    // The ink of a line, which is less than its box.
    const size = parseFloat(getComputedStyle(t.of).fontSize), base = outer.top + Number(t.of.getAttribute('y'));
    const top = base - 0.74 * size, bottom = base + 0.2 * size;
    for (const b of boxes) {
      const x = Math.min(t.box.right, b.box.right) - Math.max(t.box.left, b.box.left);
      const y = Math.min(bottom, b.box.bottom) - Math.max(top, b.box.top);
      const inside = t.box.left >= b.box.left && t.box.right <= b.box.right && top >= b.box.top && bottom <= b.box.bottom;
      if (x > 0.5 && y > 0.5 && b.of !== t.of.parentNode && !inside) faults.push('on a box: ' + t.text);
    }
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
"""For each picture of the page: how many labels it has, which overlap or lie on another item's box, and what stands outside."""

CROSSINGS = """
result = [...document.querySelectorAll('svg')].map((svg) => {
  const outer = svg.getBoundingClientRect();
  const around = (boxes) => boxes.length && {
    left: Math.min(...boxes.map((b) => b.left)) - outer.left + 2, right: Math.max(...boxes.map((b) => b.right)) - outer.left - 2,
    top: Math.min(...boxes.map((b) => b.top)) - outer.top + 2, bottom: Math.max(...boxes.map((b) => b.bottom)) - outer.top - 2,
  };
  const items = [...svg.querySelectorAll('g')].map((g) => ({
    name: g.querySelector('text').textContent,
    box: around([...g.children].filter((s) => /^(card|f-)/.test(s.getAttribute('class'))).map((s) => s.getBoundingClientRect())),
  })).filter((item) => item.box);
  const faults = [];
  for (const path of svg.querySelectorAll('path.edge,path.skip')) {
    const length = path.getTotalLength();
    for (const {name, box} of items) {
      let inside = 0;
      for (let d = 8; d < length - 8; d += 4) {
        const p = path.getPointAtLength(d);
        if (p.x > box.left && p.x < box.right && p.y > box.top && p.y < box.bottom) inside++;
      }
      if (inside > 2) faults.push(name);
    }
  }
  return {title: svg.querySelector('title').textContent, faults};
});
"""
"""For each picture of the page: the items that an edge runs through."""
