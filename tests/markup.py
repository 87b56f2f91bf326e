"""A small judge of HTML: what a browser would repair in silence, and what would then be read out wrongly."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_NO_BLOCK = frozenset(["p", "h1", "h2", "h3", "h4", "button", "label", "span", "small", "b", "strong", "a"])
_BLOCK = frozenset(
    [
        "div",
        "p",
        "ul",
        "ol",
        "dl",
        "table",
        "form",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "nav",
        "h1",
        "h2",
        "h3",
        "h4",
        "fieldset",
        "pre",
    ]
)
_INTERACTIVE = frozenset(["a", "button", "input", "select", "textarea"])


class _Judge(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wanted: list[tuple[str, str]] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        if len(values) != len(attrs):
            self.problems.append(f"line {line}: <{tag}> has an attribute twice")
        if "id" in values:
            self.ids.append(values["id"])
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form"):
            self.wanted += [(name, wanted) for wanted in values.get(name, "").split()]
        if "style" in values or any(name.startswith("on") for name in values):
            self.problems.append(f"line {line}: <{tag}> has a style or script of its own")
        for outer in self.open:
            if tag in _BLOCK and outer in _NO_BLOCK and not (outer == "a" and tag not in ("form", "a")):
                self.problems.append(f"line {line}: <{tag}> inside <{outer}>")
            if tag in _INTERACTIVE and outer in ("a", "button") and values.get("type") != "hidden":
                self.problems.append(f"line {line}: <{tag}> inside <{outer}>")
            if tag == "form" and outer == "form":
                self.problems.append(f"line {line}: a form inside a form")
        if tag in ("h1", "h2", "h3", "h4"):
            level = int(tag[1])
            if self.headings and level > self.headings[-1] + 1:
                self.problems.append(f"line {line}: <{tag}> after <h{self.headings[-1]}>")
            self.headings.append(level)
        if tag not in _VOID and tag != "path":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID and tag != "path":
            self.problems.append(f"line {self.getpos()[0]}: <{tag}/> closes itself")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or tag == "path":
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(
                f"line {self.getpos()[0]}: </{tag}> closes <{self.open[-1] if self.open else 'nothing'}>"
            )
            if tag not in self.open:
                return
            while self.open and self.open[-1] != tag:
                self.open.pop()
        self.open.pop()


def check(html: str) -> list[str]:
    """Return the mistakes of a page; nothing when there are none. Ends of elements are all wanted, even where HTML lets them go."""
    judge = _Judge()
    judge.feed(html)
    judge.close()
    problems = judge.problems
    problems += [f"<{tag}> is never closed" for tag in judge.open]
    problems += [
        f"the id {name!r} is there twice" for name in sorted({i for i in judge.ids if judge.ids.count(i) > 1})
    ]
    problems += [
        f"{name}={wanted!r} leads nowhere" for name, wanted in judge.wanted if wanted not in judge.ids
    ]
    if judge.headings.count(1) != 1:
        problems.append(f"{judge.headings.count(1)} first headings")
    return problems
