"""One transaction per view, under the scope that the door decided. GETs run read-only in PostgreSQL itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import current_app, g, request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from portal.kernel.db import Database


def database() -> Database:
    """Return the application's logins."""
    return current_app.extensions["database"]


@contextmanager
def transaction(read_only: bool | None = None) -> Iterator[Session]:
    """Open the request's transaction; `read_only` is the method's own nature unless said."""
    quiet = request.method in ("GET", "HEAD") if read_only is None else read_only
    with database().transaction(g.scope, read_only=quiet) as session:
        yield session
