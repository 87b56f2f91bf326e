"""PDFs fetch nothing: no file of this machine and no byte from a network comes into a document."""

from __future__ import annotations

import base64
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from PIL import Image

from portal.kernel.pdf import NothingFetched, TooLongError, render_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "swordfish-8421"


class _Server(HTTPServer):
    asked: list[str]


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SECRET.encode())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[_Server]:
    """A server on loopback that notes who asks."""
    server = _Server(("127.0.0.1", 0), _Answer)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Refusals are logged by WeasyPrint; these are meant."""
    logger = logging.getLogger("weasyprint")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


PAYLOADS = [
    '<img src="{url}">',
    '<link rel="stylesheet" href="{url}">',
    '<style>@import url("{url}");</style>',
    '<style>@font-face {{ font-family: x; src: url("{url}") }} p {{ font-family: x }}</style><p>x</p>',
    '<style>body {{ background: url("{url}") }}</style>',
    '<link rel="attachment" href="{url}">',
    '<a rel="attachment" href="{url}">x</a>',
    '<object data="{url}"></object>',
    '<embed src="{url}">',
    '<svg width="10" height="10"><image href="{url}" width="10" height="10"/></svg>',
    '<svg width="10" height="10"><use href="{url}#a"/></svg>',
    '<base href="{url}"><img src="x.png">',
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("kind", ["file", "http"])
def test_nothing_outside_the_document_gets_in(tmp_path: Path, web: _Server, payload: str, kind: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    url = secret.as_uri() if kind == "file" else f"http://127.0.0.1:{web.server_port}/secret"
    pdf = render_pdf(f"<html><body>{payload.format(url=url)}<p>kept</p></body></html>", "p { color: black }")
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage().get_text_range()
    assert "kept" in text
    assert SECRET not in text
    assert SECRET.encode() not in pdf
    assert document.count_attachments() == 0
    assert web.asked == []


def test_a_refusal_is_seen_and_pictures_inside_the_document_are_served(tmp_path: Path) -> None:
    fetcher = NothingFetched()
    picture = BytesIO()
    Image.new("RGB", (40, 40), "#ff0000").save(picture, "PNG")
    inside = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
    html = f'<body style="margin:0"><img src="{inside}"><img src="file:///etc/passwd"><img src="data:text/html,x">'
    pdf = render_pdf(html, "@page { margin: 0 }", fetcher=fetcher)
    assert fetcher.refused == ["file:///etc/passwd", "data:text/html,x"]
    page = pypdfium2.PdfDocument(pdf)[0].render().to_pil()
    assert page.getpixel((10, 10)) == (255, 0, 0)


def test_the_same_document_is_the_same_bytes() -> None:
    html = "<html><title>A</title><body><p>Grüße, Żółć</p></body></html>"
    assert render_pdf(html, "p { font: 12pt sans-serif }") == render_pdf(html, "p { font: 12pt sans-serif }")


def test_a_bomb_of_pages_is_refused() -> None:
    with pytest.raises(TooLongError, match="201 pages"):
        render_pdf("<body>" + "<p>x</p>" * 201, "p { break-after: page } p:last-child { break-after: auto }")


def test_threads_share_the_fonts(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        pdfs = list(pool.map(lambda n: render_pdf(f"<p>{n % 2}</p>", ""), range(8)))
    assert len(set(pdfs)) == 2


def test_only_one_file_constructs_documents() -> None:
    root = Path(__file__).resolve().parents[2] / "portal"
    users = [
        path.name for path in root.rglob("*.py") if "weasyprint" in path.read_text(encoding="utf-8").lower()
    ]
    assert users == ["pdf.py"]
