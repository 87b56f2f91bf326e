"""The board: what is late, what has to leave today against the cut-off, and what needs a person; each number is a link to its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import render_template

from portal.domain.accounts.queries import list_sites
from portal.domain.messages.queries import count_messages
from portal.domain.orders.queries import BoardRow, board, count_by_progress, count_operator_holds
from portal.kernel import clock, deliveries
from portal.office.door import office
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from portal.domain.accounts.queries import SiteRow


@dataclass(frozen=True, slots=True)
class SiteDay:
    """A site's day: its clock, how long it is to the cut-off, and its merchants."""

    site: SiteRow
    now: datetime
    rows: tuple[BoardRow, ...]

    @property
    def to_cut_off(self) -> str:
        """Say how long it is to the cut-off: "in 2 h 05 min", or that it is over."""
        minutes = (self.site.cut_off.hour - self.now.hour) * 60 + self.site.cut_off.minute - self.now.minute
        if minutes <= 0:
            return "passed"
        return f"in {minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"in {minutes} min"


@office.get("/")
@permit("office.read")
def home() -> str:
    """Show the board."""
    now = clock.now()
    with transaction() as session:
        rows = board(session, now=now)
        days = [
            SiteDay(
                site, now.astimezone(ZoneInfo(site.timezone)), tuple(r for r in rows if r.site_id == site.id)
            )
            for site in list_sites(session)
        ]
        return render_template(
            "office/home.html",
            days=days,
            late=sum(row.late for row in rows),
            due=sum(row.due for row in rows),
            held=count_operator_holds(session),
            progress=count_by_progress(session),
            mails=count_messages(session),
            given_up=deliveries.count_failed(session),
        )
