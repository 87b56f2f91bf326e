"""Home: the four answers a merchant comes for, each a link to its rows."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import g, render_template

from portal.domain.accounts.queries import MerchantCalendar, merchant_calendar
from portal.domain.orders.queries import OrderFilter, count_by_progress, list_orders, whys_not_shipped
from portal.domain.orders.states import PROGRESS
from portal.domain.stock.queries import stock_levels
from portal.kernel import clock
from portal.merchants.door import merchants
from portal.web.access import permit
from portal.web.database import transaction


@merchants.get("/")
@permit("orders.read")
def home() -> str:
    """Show what is late or stuck and why, what goes out today, what is running out, and the newest orders."""
    merchant_id = g.principal.merchant_id
    now, today = clock.now(), clock.today(g.principal.site_timezone)
    with transaction() as session:
        counts = count_by_progress(session, merchant_id)
        stuck, stuck_total = list_orders(
            session,
            OrderFilter(
                merchant_id=merchant_id, view="stuck", today=today, sort="promised_on", descending=False
            ),
            limit=6,
        )
        due = list_orders(session, OrderFilter(merchant_id=merchant_id, view="due", today=today), limit=1)[1]
        newest, total = list_orders(session, OrderFilter(merchant_id=merchant_id), limit=8)
        low, low_total = stock_levels(session, merchant_id, only_low=True, limit=6)
        whys = whys_not_shipped(session, merchant_id, [row.id for row in stuck])
        return render_template(
            "merchants/home.html",
            stuck=[(row, whys[row.id]) for row in stuck],
            stuck_total=stuck_total,
            due=due,
            cut_off=say_cut_off(merchant_calendar(session, merchant_id), now),
            low=low,
            low_total=low_total,
            stages=[stage for stage in PROGRESS if stage != "cancelled"],
            counts=counts,
            open_total=sum(count for stage, count in counts.items() if stage not in ("shipped", "cancelled")),
            newest=newest,
            total=total,
            today=today,
        )


def say_cut_off(calendar: MerchantCalendar, now: datetime) -> str:
    """Say until when an order still counts for today, in the site's clock: "Cut-off 14:00, in 2 h 10 min"."""
    local = now.astimezone(ZoneInfo(calendar.timezone))
    at = f"Cut-off {calendar.cut_off:%H:%M}"
    if local.weekday() >= 5:
        return f"{at}, on working days"
    left = (calendar.cut_off.hour - local.hour) * 60 + calendar.cut_off.minute - local.minute
    if left <= 0:
        return f"{at} has passed: new orders count from tomorrow"
    return f"{at}, in {left // 60} h {left % 60} min" if left >= 60 else f"{at}, in {left} min"
