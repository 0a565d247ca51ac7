"""The page: whole without a network, readable without its script, sorted and folded with it, and safe whatever the file says."""

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cnncalc
from cnncalc.analysis.comparison import compare
from cnncalc.analysis.memory import Memory
from cnncalc.report.page import comparison
from cnncalc.report.page.page import page
from cnncalc.report.problems.base import lines_at
from tests.report.picture.browser import dump, needs_chromium
from tests.report.picture.test_draw import HOSTILE, hostile

SPECS = Path(__file__).parents[3] / "specs"


def page_of(network: cnncalc.Network) -> str:
    text = network.reading.source.text if network.file else ""
    return page(network, network.problems, lines_at(network.problems, network.file, text))


class Reader(HTMLParser):
    """Text by element, and whether every element is closed."""

    VOID = ("meta", "br", "wbr", "img", "input", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.rows and self.rows[-1] and ("td" in self.open or "th" in self.open):
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def resnet() -> cnncalc.Network:
    return cnncalc.load(SPECS / "resnet18.yaml")


def test_the_table_is_whole_without_the_script(resnet):
    rows = {row[0]: row[1:] for row in Reader(page_of(resnet)).rows}
    # The group has what its two layers have: 7·7·3·64 = 9,408 weights at 112·112 positions, and 2·64 of batch norm.
    assert rows["stage1"][1:4] == ["112x112x64", "9,536", f"{112 * 112 * 9408:,}"]
    assert rows["fc1"][1:6] == ["1000", "513,000", "512,000", "4,000", f"{4 * (512 + 1000):,}"]
    # A residual block and its branches: 2 · 3·3·64·64 + 2 · 2·64.
    assert rows["stage2.0"][2] == f"{2 * 36864 + 256:,}"


def test_bars_are_as_long_as_their_share(resnet):
    text = page_of(resnet)
    (bar,) = re.findall(r'<th scope="row" title="fc1".*?--part:([\d.]+)%', text)
    assert float(bar) == pytest.approx(100 * 513_000 / 11_689_512, abs=0.05)


def test_the_memory_curve_has_its_peak(resnet):
    memory = Memory(resnet.graph)
    text = page_of(resnet)
    # The first batch norm needs its input and its result: 2 · 112·112·64 numbers of four bytes.
    assert memory.peak == 2 * 112 * 112 * 64 * 4
    assert "peak 6.1 MiB at stage1.batchnorm1" in text


def test_a_problem_stands_once_on_the_page():
    network = cnncalc.loads("input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3, stride: 2}]")
    assert page(network, network.problems, {}).count("(8 − 3 + 2·0)/2 + 1 = 3.5") == 1


def test_problems_stand_with_their_lines():
    text = page_of(cnncalc.load(SPECS / "alexnet.yaml", input="224x224x3"))
    assert "(224 − 11 + 2·0)/4 + 1 = 54.25" in text
    assert "  - {conv: 96, kernel_size: 11, stride: 4, expect: 55x55x96}\n    |      ^^^^" in text


def test_it_fetches_nothing(resnet):
    reader = Reader(page_of(resnet))
    assert not [attrs for _, attrs in reader.tags if {"src", "href", "srcset", "xlink:href", "action"} & attrs.keys()]
    assert {tag for tag, _ in reader.tags} & {"link", "img", "iframe", "object", "base", "form"} == set()
    assert "url(" not in page_of(resnet)
    assert "@import" not in page_of(resnet)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name):
    text = page_of(hostile(name))
    reader = Reader(text)
    assert sum(tag == "script" for tag, _ in reader.tags) == 1
    assert len(text) < 150_000


def test_a_difference_has_totals_layers_and_both_pictures(resnet):
    other = cnncalc.loads((SPECS / "resnet18.yaml").read_text("utf-8").replace("fc: 1000", "fc: 10"))
    text = comparison.page(compare(resnet, other), (resnet, other), ("a.yaml", "b.yaml"), "channels_last")
    rows = {row[0]: row[1:] for row in Reader(text).rows}
    # (512 + 1)·1000 and (512 + 1)·10 parameters.
    before, after = 11_689_512, 11_689_512 - 513_000 + 5130
    assert rows["parameters"][:2] == [f"{before:,}", f"{after:,}"]
    assert rows["~"][0] == "fc1"
    assert text.count("<svg ") == 2


_DRIVER = """
<script>
addEventListener('load', () => {
  const table = document.querySelector('table.layers'), body = table.tBodies[0];
  const shown = () => [...body.rows].filter((row) => row.getClientRects().length).map((row) => row.cells[0].title);
  const result = {all: body.rows.length, start: shown().length, tools: document.querySelectorAll('.tools button').length};
  document.querySelectorAll('.tools button')[0].click();
  result.folded = shown();
  const [first] = [...body.rows].filter((row) => row.querySelector('button'));
  first.querySelector('button').click();
  result.opened = shown().slice(0, 4);
  result.expanded = first.querySelector('button').getAttribute('aria-expanded');
  table.tHead.rows[0].cells[3].querySelector('button').click();
  result.largest = shown().slice(0, 2);
  result.sort = table.tHead.rows[0].cells[3].getAttribute('aria-sort');
  table.tHead.rows[0].cells[3].querySelector('button').click();
  table.tHead.rows[0].cells[3].querySelector('button').click();
  result.restored = shown().slice(0, 2);
  result.wide = document.documentElement.scrollWidth > innerWidth;
  document.title = JSON.stringify(result);
});
</script>
"""


def _driven(text: str, folder: Path, *flags: str, driver: str = _DRIVER) -> tuple[str, str]:
    """The title after `driver` has run beside the page's own script; the policy would keep it out, so it is taken away."""
    file = folder / "page.html"
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    file.write_text(without.replace("</body>", driver + "</body>"), encoding="utf-8")
    dom, log = dump(file, folder, *flags)
    return dom.partition("<title>")[2].partition("</title>")[0].replace("&quot;", '"').replace("&amp;", "&"), log


@needs_chromium
@pytest.mark.parametrize("size", ["1200,900", "500,800"])
def test_the_script_folds_and_sorts(resnet, tmp_path, size):
    import json

    title, _ = _driven(page_of(resnet), tmp_path, f"--window-size={size}")
    result = json.loads(title)
    assert result["tools"] == 2
    assert result["folded"] == [
        "input", "stage1", "relu1", "maxpool1", "stage2.0", "stage2.1", "stage3.0", "stage3.1", "stage4.0", "stage4.1", "stage5.0",
        "stage5.1", "global_avgpool1", "fc1",
    ]  # fmt: skip
    assert result["opened"] == ["input", "stage1", "stage1.conv1", "stage1.batchnorm1"]
    assert result["expanded"] == "true"
    # The largest layers of ResNet-18 are the 3·3·512·512 convolutions of its last stage.
    assert all(name.startswith("stage5.") and name.endswith("conv1") for name in result["largest"])
    assert result["sort"] == "descending"
    assert result["restored"] == ["input", "stage1"]
    assert result["wide"] is False


@needs_chromium
@pytest.mark.parametrize("name", ["unet", "vqa"])
def test_the_console_stays_empty_and_the_policy_lets_its_own_script_run(name, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(page_of(cnncalc.load(SPECS / f"{name}.yaml")), encoding="utf-8")
    dom, log = dump(file, tmp_path)
    assert "CONSOLE" not in log
    assert 'aria-label="sort by parameters"' in dom


def _axe() -> Path | None:
    """axe-core, from CNNCALC_AXE or npm's global folder."""
    places = [os.environ.get("CNNCALC_AXE")]
    npm = shutil.which("npm")
    if npm is not None and places[0] is None:
        root = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=False, timeout=60).stdout.strip()
        places.append(str(Path(root) / "axe-core" / "axe.min.js"))
    return next((Path(place) for place in places if place and Path(place).is_file()), None)


def _problem_page() -> str:
    return page_of(cnncalc.load(SPECS / "alexnet.yaml", input="224x224x3"))


def _difference_page() -> str:
    networks = cnncalc.load(SPECS / "lenet5.yaml"), cnncalc.load(SPECS / "lecture_convnet.yaml")
    return comparison.page(compare(*networks), networks, ("a.yaml", "b.yaml"), "channels_last")


@needs_chromium
@pytest.mark.parametrize(
    ("made", "scheme", "size"),
    [(_problem_page, "0", "1200,900"), (_problem_page, "1", "390,844"), (_difference_page, "1", "390,844")],
)
def test_the_page_is_accessible(made, scheme, size, tmp_path):
    """axe-core finds no violation, in dark (0) and in light (1), on a screen and on a phone."""
    import json

    axe = _axe()
    if axe is None:
        pytest.skip("axe-core is not installed: npm install -g axe-core")
    driver = (
        f"<script>{axe.read_text(encoding='utf-8')}</script><script>axe.run().then((found) => document.title = JSON.stringify("
        "found.violations.map((v) => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)])));</script>"
    )
    flags = f"--blink-settings=preferredColorScheme={scheme}", f"--window-size={size}"
    title, _ = _driven(made(), tmp_path, *flags, driver=driver)
    assert json.loads(title) == []


@needs_chromium
def test_a_printed_page_has_the_whole_table(resnet, tmp_path):
    """On paper nothing scrolls: the last column of the table and the right edge of the picture are on the page."""
    driver = """<style>main{width:700px}</style><script>
    for (const rule of [...document.styleSheets[0].cssRules])
      if (rule.media && rule.media.mediaText === 'print') for (const own of rule.cssRules) document.styleSheets[0].insertRule(
        own.cssText, document.styleSheets[0].cssRules.length);
    const right = (node) => Math.round(node.getBoundingClientRect().right), edge = right(document.querySelector('main'));
    document.title = JSON.stringify([...document.querySelectorAll('table,svg')].map((node) => right(node) - edge > 1));
    </script>"""
    import json

    title, _ = _driven(page_of(resnet), tmp_path, "--window-size=1000,900", driver=driver)
    assert json.loads(title) == [False] * 4


def test_sizes_that_nobody_knows_are_not_zero():
    """The branches end at 6x6 and 8x8: the sum and the convolution after it have no size."""
    rows = "[{branches: {a: [{conv: 4, kernel_size: 3}], b: [{conv: 4, kernel_size: 1}]}, merge: add, name: sum}, {conv: 2, kernel_size: 1, name: last}]"
    network = cnncalc.loads(f"input: 8x8x3\nlayers: {rows}")
    text = page_of(network)
    for name in ("sum", "last"):
        row = re.search(rf'<th scope="row" title="{name}".*?</tr>', text, re.DOTALL)[0]
        assert re.findall(r'data-value="(-?\d+)"[^>]*>([^<]*)', row)[2] == ("-1", "?")
    curve = text.rpartition("Memory during inference</h2>")[2]
    assert "last: unknown" in curve
    # The larger branch: 8·8·3 numbers read and 8·8·4 written, with the 6·6·4 of the other one kept, 4 bytes each.
    assert f"peak ≥{(8 * 8 * 3 + 8 * 8 * 4 + 6 * 6 * 4) * 4 / 1024:.1f} KiB at sum.b.conv1" in curve
