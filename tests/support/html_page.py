"""A page of HTML as a strict reader finds it: tables by heading, texts, and whatever would fetch or run."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "br"}
_EXPECTED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd", "table", "thead",
    "tbody", "tr", "th", "td", "meter", "ul", "li", "br", "footer",
}  # fmt: skip
_ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "min", "max", "value"}


@dataclass
class Page:
    """`strange`: elements and attributes that no report needs, and tags that do not fit together."""

    elements: list[tuple[str, str]] = field(default_factory=list)
    """Each with its own text, in the order of their ends."""
    strange: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The texts of all elements."""
        return [text for _, text in self.elements]

    def tables(self) -> dict[str, list[list[str]]]:
        """Return the rows of each table, without the head, by the heading before it."""
        found: dict[str, list[list[str]]] = {}
        heading, row = "", list[str]()
        for tag, text in self.elements:
            if tag == "h2":
                heading = text
            elif tag == "td":
                row.append(text)
            elif tag == "tr":
                if row:
                    found.setdefault(heading, []).append(row)
                row = []
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._open: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if tag not in _EXPECTED or not set(names) <= _ATTRIBUTES:
            self.page.strange.append(f"<{tag} {' '.join(names)}>")
        if tag not in _VOID:
            self._open.append((tag, []))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            self.page.strange.append(f"</{tag}>")
            return
        _, texts = self._open.pop()
        self.page.elements.append((tag, "".join(texts)))

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][1].append(data)

    def handle_comment(self, data: str) -> None:
        self.page.strange.append(f"<!--{data}-->")


def read_page(document: str) -> Page:
    """Read a whole page."""
    reader = _Reader()
    reader.feed(document)
    reader.close()
    if reader._open:
        reader.page.strange.append(f"never ended: {[tag for tag, _ in reader._open]}")
    style = next((text for tag, text in reader.page.elements if tag == "style"), "")
    if "url(" in style or "@import" in style:
        reader.page.strange.append("the style fetches something")
    return reader.page
