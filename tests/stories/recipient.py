"""What a recipient reads: mails and the pages behind their links, on a phone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.browser import window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from email.message import EmailMessage

    from playwright.sync_api import Browser, BrowserContext


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as somebody reads it."""

    subject: str
    heading: str
    text: str
    links: tuple[str, ...]

    def link(self, end: str) -> str:
        """Return the one address in the mail that ends so."""
        [found] = {link for link in self.links if re.search(end + "$", link)}
        return found


def open_letter(mail: EmailMessage) -> Letter:
    """Read a mail: both of its parts, which have to name the same addresses."""
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert rich is not None
    text, html = plain.get_content(), rich.get_content()
    [heading] = re.findall(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    links = tuple(dict.fromkeys(re.findall(r'href="(http[^"]+)"', html)))
    for link in links:
        assert link.replace("&amp;", "&") in text, f"The text part lacks {link}"
    return Letter(str(mail["Subject"]), re.sub(r"\s+", " ", heading), re.sub(r"\s+", " ", text), links)


def phone(chromium: Browser) -> AbstractContextManager[BrowserContext, bool | None]:
    """Open a phone of 390×844, without JavaScript: recipients need none."""
    return window(chromium, "phone", script=False)


def secrets_of_an_address(*values: str) -> Iterator[str]:
    """Yield what a page that may be shared must not say."""
    for value in values:
        yield value
        yield from (word for word in value.split() if len(word) > 4)
