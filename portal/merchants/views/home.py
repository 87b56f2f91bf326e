"""Home: the four answers a merchant comes for, each a link to its rows."""

from __future__ import annotations

from flask import g, render_template

from portal.domain.orders.queries import OrderFilter, count_by_progress, list_orders
from portal.domain.stock.queries import stock_levels
from portal.kernel import clock
from portal.merchants.door import merchants
from portal.web.access import permit
from portal.web.database import transaction


@merchants.get("/")
@permit("orders.read")
def home() -> str:
    """Show what is late or stuck, what goes out, what is running out, and the newest orders."""
    merchant_id = g.principal.merchant_id
    today = clock.today(g.principal.site_timezone)
    with transaction() as session:
        counts = count_by_progress(session, merchant_id)
        late = list_orders(
            session,
            OrderFilter(
                merchant_id=merchant_id, view="late", today=today, sort="promised_on", descending=False
            ),
            limit=5,
        )
        held = list_orders(session, OrderFilter(merchant_id=merchant_id, view="held"), limit=5)
        due = list_orders(session, OrderFilter(merchant_id=merchant_id, view="due", today=today), limit=1)[1]
        newest, total = list_orders(session, OrderFilter(merchant_id=merchant_id), limit=8)
        low = stock_levels(session, merchant_id, only_low=True, limit=5)
        return render_template(
            "merchants/home.html",
            counts=counts,
            late=late,
            held=held,
            due=due,
            newest=newest,
            total=total,
            low=low,
            today=today,
        )
