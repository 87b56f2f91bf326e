"""HTML to PDF. The only place that hands anything to WeasyPrint: nothing is fetched, from no disk and no network.

Style sheets are parsed once and fonts are looked up once per process; documents are laid out one at a time.
"""

# WeasyPrint is typed in part only; what leaves this file is typed.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import threading
from functools import lru_cache

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

MOST_PAGES = 200
"""More pages than a paper may have; beyond it somebody sent us a bomb."""

_IMAGES = ("data:image/png", "data:image/jpeg")


class RefusedError(ValueError):
    """A document asked for something that is not in the document itself."""


class TooLongError(Exception):
    """A document has more pages than any of ours may have."""


class NothingFetched(URLFetcher):
    """Serves pictures that stand in the document itself and refuses every other address (docs: WeasyPrint, "URL Fetchers").

    The refusals are kept, so that a test can see that something was asked for and not given.
    """

    def __init__(self) -> None:
        super().__init__(allowed_protocols=["data"], allow_redirects=False)
        self.refused: list[str] = []

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """Return a picture out of a `data:` address; refuse everything else."""
        if not url.lower().startswith(_IMAGES):
            self.refused.append(url)
            raise RefusedError("Documents fetch nothing.")
        return super().fetch(url, headers)


_fonts = FontConfiguration()
_one_at_a_time = threading.Lock()


def render_pdf(html: str, css: str, *, fetcher: NothingFetched | None = None) -> bytes:
    """Return a PDF of a whole HTML document under one style sheet; the same input gives the same bytes.

    Raises `TooLongError` beyond 200 pages.
    """
    with _one_at_a_time:
        document = HTML(string=html, url_fetcher=fetcher or NothingFetched(), base_url=None).render(
            stylesheets=[_parsed(css)], font_config=_fonts
        )
        if len(document.pages) > MOST_PAGES:
            raise TooLongError(f"{len(document.pages)} pages are more than {MOST_PAGES}.")
        pdf = document.write_pdf()
    if pdf is None:
        raise AssertionError("WeasyPrint returned no bytes though no target was named.")
    return pdf


@lru_cache(maxsize=16)
def _parsed(css: str) -> CSS:
    return CSS(string=css, font_config=_fonts, url_fetcher=NothingFetched())
