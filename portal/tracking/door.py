"""The blueprint: no session, no cookie, no script, not indexed, no address passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g

from portal.kernel.errors import PortalError, TooManyError
from portal.kernel.scopes import AsTracking
from portal.tracking.limit import count_page
from portal.tracking.show import PLAIN, show

if TYPE_CHECKING:
    from flask import Response

tracking = Blueprint("tracking", __name__)


@tracking.before_request
def nobody() -> None:
    """A stranger with a link: the scope may call two functions and read no table."""
    g.scope = AsTracking()
    count_page()


@tracking.after_request
def keep_private(response: Response) -> Response:
    """Tell search engines and other sites nothing about the link; allow the page's own style and nothing else."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    if "tracking_policy" in g:
        response.headers["Content-Security-Policy"] = g.tracking_policy
    return response


@tracking.errorhandler(PortalError)
def refuse(error: PortalError) -> tuple[str, int]:
    """Say in plain style, naming no merchant, that a link leads nowhere or was opened too often."""
    heading = "A moment" if isinstance(error, TooManyError) else "This link leads to no order"
    return show("gone", PLAIN, heading=heading, sentence=error.sentence), error.status


from portal.tracking.views import pages  # pyright: ignore[reportUnusedImport] (registers the routes)
