"""The public pages in a real browser on a phone: one request, no script, and a policy under which they still look as meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import axe, fits, window
from tests.markup import check
from tests.tracking.test_pages import Sent

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from portal.kernel.db import Database
    from tests.browser import Live


pytestmark = pytest.mark.browser


def test_one_request_and_the_policy_lets_the_style_through(db: Database, live: Live, chromium: Browser):
    sent = Sent(db, live.config)
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(live.url(sent.tracking))
    assert [url for url in asked if not url.startswith("data:")] == [live.url(sent.tracking)]
    assert complaints == []
    box = page.locator("header").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390), "the style was applied"
    heading = page.locator("h1").bounding_box()
    assert heading is not None
    assert heading["y"] + heading["height"] < 844, "the answer is on the first screen"
    assert context.cookies() == []
    context.close()


def test_everybody_can_read_it(db: Database, live: Live, chromium: Browser):
    sent = Sent(db, live.config)
    for size, dark in (("phone", False), ("phone", True), ("320x800", False), ("desktop", True)):
        with window(chromium, size, dark=dark) as context:
            page = context.new_page()
            for path in (sent.tracking, sent.details, "/t/" + "x" * 27):
                page.goto(live.url(path))
                assert axe(page) == [], (size, dark, path)
                assert fits(page) == [], (size, dark, path)
                assert check(page.content()) == [], (size, dark, path)
