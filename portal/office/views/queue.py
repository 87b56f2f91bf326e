"""News that did not arrive: what failed, why, and trying again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from portal.domain.accounts.queries import list_sites
from portal.kernel import deliveries
from portal.office.door import office
from portal.office.words import in_words
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.paging import Page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@office.get("/news")
@permit("office.read")
def queue() -> str:
    """List news that was given up or has failed at least once."""
    page, only_failed = Page.from_request(), request.args.get("view") == "given-up"
    with transaction() as session:
        rows, total = deliveries.stuck(session, only_failed=only_failed, limit=page.size, offset=page.offset)
        sites = list_sites(session)
        return render_template(
            "office/queue.html",
            rows=rows,
            page=page.of(total),
            only_failed=only_failed,
            say=in_words,
            zone=sites[0].timezone if sites else "UTC",
        )


@office.post("/news/<uuid:outbox_id>/try-again")
@permit("office.write")
def try_again(outbox_id: UUID) -> Response:
    """Let given-up or resting news go out now."""
    with transaction() as session:
        deliveries.try_again(session, outbox_id)
    flash("It goes out again within a second. If it fails once more, it comes back to this list.", "ok")
    return redirect(url_for("office.queue"), 303)
