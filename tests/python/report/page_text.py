"""A page as its reader has it: what it says, by the names that its elements carry."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "hr", "input"}
Attributes = dict[str, str | None]


@dataclass
class Element:
    """One element; `text` is that of all within it."""

    tag: str
    attributes: Attributes
    children: list["Element"] = field(default_factory=list)
    parts: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        said = "".join(part if isinstance(part, str) else part.text for part in self.parts)
        return " ".join(said.split())

    def all(self, tag: str = "", **having: str) -> Iterator["Element"]:
        """Yield the elements within, by tag and by `data_…` attributes."""
        wanted = {name.replace("_", "-"): value for name, value in having.items()}
        for child in self.children:
            held = child.attributes
            if tag in ("", child.tag) and all(held.get(k) == v for k, v in wanted.items()):
                yield child
            yield from child.all(tag, **having)


class _Reader(HTMLParser):
    """Builds the tree, and refuses what is not nested as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"{tag} has an attribute twice"
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        self._open[-1].parts.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        opened = self._open.pop().tag
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)


def read(html: str) -> Element:
    """Return the page; fail where its elements are not well nested."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader._open) == 1, f"<{reader._open[-1].tag}> is not closed"
    return reader.root


def table(page: Element, name: str) -> list[dict[str, str]]:
    """Return the rows of the last table of that name: the one that has all of them."""
    return rows_of(list(page.all("table", data_table=name))[-1])


def rows_of(element: Element) -> list[dict[str, str]]:
    """Return the rows of a table, {column: text}."""
    columns = [str(th.attributes["data-column"]) for th in element.all("th", scope="col")]
    (body,) = element.all("tbody")
    return [
        dict(zip(columns, (cell.text for cell in row.children), strict=True))
        for row in body.all("tr")
    ]
