"""The blueprint: no session, no cookie, not indexed, no address passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g

from portal.kernel.scopes import AsTracking

if TYPE_CHECKING:
    from flask import Response

tracking = Blueprint("tracking", __name__, template_folder="../../templates/tracking")


@tracking.before_request
def nobody() -> None:
    """A stranger with a link: the scope may call two functions and read no table."""
    g.scope = AsTracking()


@tracking.after_request
def keep_private(response: Response) -> Response:
    """Tell search engines and other sites nothing about the link."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


from portal.tracking.views import pages  # noqa: E402, F401 (registers the routes)
