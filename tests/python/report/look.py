"""What a browser shows of the page: `make look`. Its pictures are in target/look.

The page is opened from its file, as people open it, in headless Chromium without a network of its
own; what stands in the document then is held against the catalog's tables, figure by figure.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import page_text
import pytest
import shown_tables
from many_views import many_views
from PIL import Image
from published_catalog import PublishedProject, minute
from reported_shop import MONITORED_AT, ReportedShop, make_shop
from support import REPO
from typer.testing import CliRunner

from provender_ops import cli

PICTURES = REPO / "target/look"
DARK = "--blink-settings=preferredColorScheme=0"
PHONE = 360
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# In a copy of the page: what reaches past its right edge, and does not scroll inside itself.
MEASURE = """
<script>
addEventListener("load", () => {
  const unfold = new URLSearchParams(location.search).has("unfolded");
  if (unfold) document.querySelectorAll("details").forEach(each => each.open = true);
  const past = [...document.body.querySelectorAll("*")].filter(each =>
    !each.parentElement.closest(".scroll") && !each.closest("svg")
    && each.getBoundingClientRect().right > innerWidth + 0.5);
  const small = [...document.querySelectorAll("svg.chart text")].filter(each =>
    each.getBoundingClientRect().width > 0 && each.getScreenCTM().a < 0.8);
  parent.postMessage({
    width: innerWidth, scrolls_to: document.documentElement.scrollWidth, title: document.title,
    height: document.documentElement.scrollHeight, small: small.length,
    past: past.map(each => each.outerHTML.slice(0, 200)),
  }, "*");
});
</script>
</body>
"""
FRAME = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<pre id="measured" hidden></pre>
<iframe src="{src}" style="border:0;display:block;width:{width}px;height:{height}px"></iframe>
<script>
addEventListener("message", event => {{
  document.getElementById("measured").textContent = JSON.stringify(event.data);
}});
</script>
"""


@dataclass(frozen=True)
class Chromium:
    """Headless Chromium that keeps its profile in a folder of its own."""

    program: str
    profile: Path

    def run(self, url: str, *options: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [
                self.program, "--headless", "--disable-gpu", "--hide-scrollbars",
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                f"--user-data-dir={self.profile}", "--enable-logging=stderr",
                "--virtual-time-budget=10000", "--host-resolver-rules=MAP * ~NOTFOUND",
                *options, url,
            ],
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert said == [], "the console says something"
        return done

    def document(self, url: str, *options: str) -> str:
        """Return what stands in the document when it has been rendered."""
        return self.run(url, "--dump-dom", *options).stdout

    def picture(self, url: str, name: str, width: int, height: int, *options: str) -> Path:
        """Write a picture of a page, so high."""
        path = PICTURES / f"{name}.png"
        self.run(url, f"--screenshot={path}", f"--window-size={width},{height}", *options)
        return path

    def measure(self, page: Path, width: int, name: str, *options: str, unfolded: bool) -> dict:
        """Return what a page measures in a frame of a width, and write a picture of it."""
        copy = page.with_name(f"measured-{page.name}")
        html = POLICY.sub("", page.read_text())
        copy.write_text(html.replace("</body>", MEASURE))
        frame = page.with_name(f"frame-{width}.html")
        source = copy.name + ("?unfolded" if unfolded else "")
        frame.write_text(FRAME.format(src=source, width=width, height=2000))
        found = re.search(
            r'id="measured"[^>]*>(.*?)</pre>', self.document(frame.as_uri(), *options)
        )
        assert found, "the page did not answer"
        measured = json.loads(page_text.read(f"<p>{found[1]}</p>").text)
        frame.write_text(FRAME.format(src=source, width=width, height=measured["height"]))
        # a window is never as narrow as a phone: the frame is
        self.picture(frame.as_uri(), name, max(width, 500), measured["height"], *options)
        with Image.open(PICTURES / f"{name}.png") as wide:
            wide.crop((0, 0, width, wide.height)).save(PICTURES / f"{name}.png")
        return measured


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Chromium:
    found = [path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))]
    assert found, "Chromium is not installed: `make look` says how."
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    return Chromium(found[0], tmp_path_factory.mktemp("chromium"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ReportedShop:
    return make_shop(tmp_path_factory.mktemp("look") / "shop", days=4)


@pytest.fixture(scope="module")
def page(shop: ReportedShop) -> Path:
    return written(shop.project.folder, MONITORED_AT)


def written(folder: Path, now: datetime) -> Path:
    path = folder / "report.html"
    arguments = ["--project-dir", str(folder), "--now", f"{now.isoformat()}Z", "--to", str(path)]
    done = CliRunner().invoke(cli.app, ["report", *arguments])
    assert done.exit_code == 0, done.output
    return path


def test_what_is_rendered_is_what_the_tables_hold(
    shop: ReportedShop, page: Path, chromium: Chromium
) -> None:
    html = chromium.document(page.as_uri())
    assert "<title>provender.dev: " in html  # and not what a value would have made of it
    shown_tables.check(page_text.read(html), shop.project)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 768, 1200])
@pytest.mark.parametrize("unfolded", [False, True], ids=["folded", "unfolded"])
def test_nothing_reaches_past_the_edge(
    page: Path, chromium: Chromium, width: int, scheme: str, unfolded: bool
) -> None:
    name = f"{scheme}-{width}{'-unfolded' if unfolded else ''}"
    options = [DARK] if scheme == "dark" else []
    measured = chromium.measure(page, width, name, *options, unfolded=unfolded)
    assert measured["width"] == width
    assert (measured["scrolls_to"], measured["past"]) == (width, [])
    assert measured["small"] == 0  # the text of charts keeps its size
    with Image.open(PICTURES / f"{name}.png") as picture:
        corner = sum(picture.convert("RGB").getpixel((3, 3)))  # type: ignore[arg-type]
    assert corner < 150 if scheme == "dark" else corner > 600


def test_it_prints(page: Path, chromium: Chromium) -> None:
    chromium.run(
        page.as_uri(), f"--print-to-pdf={PICTURES / 'print.pdf'}", "--no-pdf-header-footer"
    )
    assert (PICTURES / "print.pdf").read_bytes().startswith(b"%PDF")


def test_two_hundred_views_can_be_opened(
    tmp_path_factory: pytest.TempPathFactory, chromium: Chromium
) -> None:
    project = PublishedProject(tmp_path_factory.mktemp("many") / "lender")
    many_views(project, 200)
    page = written(project.root, minute(3))
    assert page.stat().st_size < 6_000_000
    folded = chromium.measure(page, PHONE, "many", DARK, unfolded=False)
    assert (folded["scrolls_to"], folded["past"]) == (PHONE, [])
    assert folded["height"] < 20_000
    later = chromium.document(page.as_uri())
    assert len(page_text.table(page_text.read(later), "views")) == 200


def test_the_empty_page(tmp_path_factory: pytest.TempPathFactory, chromium: Chromium) -> None:
    project = PublishedProject(tmp_path_factory.mktemp("empty") / "lender")
    project.publish()
    page = written(project.root, minute(3))
    measured = chromium.measure(page, PHONE, "empty", unfolded=True)
    assert (measured["scrolls_to"], measured["past"]) == (PHONE, [])
