"""A matplotlib figure as SVG that is part of a page: its colours, its font, no names that clash.

A figure is drawn in the colours of `COLOURS`; on the page each is the CSS variable of that name,
so a page that turns dark takes its charts with it.
"""

import io
import re
import warnings
from itertools import count
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

COLOURS = {
    "ink": "#1b2024",
    "muted": "#5c646c",
    "line": "#dcdcd5",
    "surface": "#fefefd",
    "now": "#0b5fa5",
    "then": "#9ba3ab",
    "ok": "#27764a",
    "warn": "#9a5b00",
    "bad": "#b3241c",
    "ok-soft": "#d9ecdf",
    "now-soft": "#d8e6f3",
}
STYLE: Any = {  # what matplotlib calls rcParams
    "svg.fonttype": "none",  # text stays text: it can be read, searched and copied
    "text.parse_math": False,  # a dollar in a name is a dollar
    "font.size": 11,
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.6,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
_VARIABLES = {colour: f"var(--{name})" for name, colour in COLOURS.items()} | {
    "#000000": "var(--ink)"
}
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_numbers = re.compile(r"-?\d+\.\d+")
_unsaid = re.compile(r"[^\S\n ]|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_names = count(1)


def plain(text: object, most: int = 40) -> str:
    """Return a label: one line of characters that can be shown, cut where it is long."""
    line = _unsaid.sub(" ", str(text)).replace("\n", " ")
    return line if len(line) <= most else line[: most - 1] + "…"


def inline(figure: Figure, title: str) -> Markup:
    """Return a figure as an `<svg>` element that says its title to those who do not see it."""
    written = io.StringIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of glyphs that only matplotlib's own font lacks
        figure.savefig(written, format="svg", transparent=True)
    root = ET.fromstring(written.getvalue())
    _tidy(root)
    width, height = root.attrib["viewBox"].split()[2:]
    shown = ET.Element("svg", {"viewBox": root.attrib["viewBox"], "role": "img"})
    shown.attrib |= {"class": "chart", "aria-label": title, "width": width, "height": height}
    shown.extend(root)
    return Markup(ET.tostring(shown, encoding="unicode"))


def _tidy(root: ET.Element) -> None:
    """Leave what is drawn; rename what is referred to, so that no two charts share a name."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    referred = set(re.findall(r"#([\w-]+)", " ".join(_references(root))))
    renamed = {name: f"c{next(_names)}" for name in sorted(referred)}
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        name = element.attrib.pop("id", None)
        if name in renamed:
            element.set("id", renamed[name])
        if _LINK in element.attrib:
            element.set("href", f"#{renamed[element.attrib.pop(_LINK)[1:]]}")
        for attribute in ("clip-path", "d", "style", "points"):
            if attribute in element.attrib:
                element.set(attribute, _rewritten(attribute, element.attrib[attribute], renamed))
        if not (element.text or "").strip():
            element.text = None
        element.tail = None


def _references(root: ET.Element) -> list[str]:
    return [
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if name == _LINK or value.startswith("url(#")
    ]


def _rewritten(attribute: str, value: str, renamed: dict[str, str]) -> str:
    if attribute == "clip-path":
        return f"url(#{renamed[value[5:-1]]})"
    if attribute == "style":
        value = re.sub(r"font-family:[^;]*(;\s*|$)", "", value)
        value = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", value)
        return re.sub(r"#[0-9a-f]{6}", lambda found: _VARIABLES[found.group()], value)
    return " ".join(_numbers.sub(lambda found: f"{float(found.group()):.1f}", value).split())
