"""Static files under addresses with their content's hash, so that browsers keep them for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import send_from_directory, url_for

from portal.kernel.errors import NotFoundError
from portal.web.access import permit
from portal.web.filters import offer

if TYPE_CHECKING:
    from flask import Flask, Response

FOLDER = Path(__file__).parent / "static"


@cache
def _hash(name: str, changed_ns: int) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """Return the address of a static file, with the hash of what it holds now."""
    return url_for("static_file", digest=_hash(name, (FOLDER / name).stat().st_mtime_ns), name=name)


def install_static(app: Flask) -> None:
    """Serve the folder; an address with an old hash gets today's file and no long keeping."""

    @app.get("/static/<digest>/<path:name>")
    @permit.public
    def static_file(digest: str, name: str) -> Response:
        """Serve a static file."""
        if not (FOLDER / name).is_file():
            raise NotFoundError("There is no such file.")
        response = send_from_directory(FOLDER, name)
        current = digest == _hash(name, (FOLDER / name).stat().st_mtime_ns)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if current else "no-cache"
        return response

    @app.get("/favicon.ico")
    @permit.public
    def favicon() -> Response:
        """Serve the small picture that browsers ask for."""
        return send_from_directory(FOLDER, "favicon.svg", mimetype="image/svg+xml", max_age=86400)

    offer(app, static_url=static_url)
