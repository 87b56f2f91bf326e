"""The judges of pages see what they are there for: each finds a planted mistake, and nothing on a sound page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import axe, fits, window
from tests.markup import check

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SOUND = (
    '<!doctype html><html lang="en"><head><title>T</title></head><body><main><h1>T</h1>'
    '<p><label for="a">A</label> <input id="a"></p></main></body></html>'
)


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ('<input id="a">', "the id 'a' is there twice"),
        ('<label for="b">B</label>', "for='b' leads nowhere"),
        ("<p><div>x</div></p>", "<div> inside <p>"),
        ('<a href="/"><button>x</button></a>', "<button> inside <a>"),
        ("<form><form></form></form>", "a form inside a form"),
        ('<p style="color:red">x</p>', "has a style or script of its own"),
        ("<h3>x</h3>", "<h3> after <h1>"),
        ("<h1>x</h1>", "2 first headings"),
        ("<span>x</p>", "closes <span>"),
    ],
)
def test_markup_with_a_mistake(planted: str, found: str) -> None:
    assert check(SOUND) == []
    assert any(found in problem for problem in check(SOUND.replace("</main>", f"{planted}</main>")))


@pytest.mark.browser
def test_axe_and_the_ruler(chromium: Browser) -> None:
    with window(chromium, "phone") as context:
        page = context.new_page()
        page.set_content(SOUND.replace("<head>", '<head><meta name="viewport" content="width=device-width">'))
        assert (axe(page), fits(page)) == ([], [])
        page.set_content(
            SOUND.replace(
                "</main>",
                '<p style="color:#bbb">pale</p><a href="/x" style="font-size:8px">x</a><input></main>',
            )
        )
        found = {problem.partition(":")[0] for problem in axe(page)}
        assert {"color-contrast", "label"} <= found
        page.set_content(SOUND.replace("</main>", '<div style="width:900px">wide</div></main>'))
        assert "px in a window of" in fits(page)[0]
