"""What a merchant does with files, in one line each, and a look at everything that an import may not touch twice."""

from __future__ import annotations

from portal.domain.intake.commands import confirm_import, mend_order, preview_import
from portal.domain.intake.queries import get_preview
from portal.domain.orders.queries import OrderFilter, list_orders
from portal.kernel.db import run
from portal.kernel.scopes import AsMerchant
from tests import make


def preview(db, merchant, data, *, name="orders.csv"):
    with db.transaction(AsMerchant(merchant)) as session:
        return preview_import(session, merchant_id=merchant, file_name=name, data=data, by=None, at=make.NOW)


def confirm(db, merchant, import_id, choice="create", *, at=make.NOW):
    with db.transaction(AsMerchant(merchant)) as session:
        return confirm_import(
            session, merchant_id=merchant, import_id=import_id, unknown_skus=choice, by=None, at=at
        )


def mend(db, merchant, staged_id, skus=(), **changes):
    with db.transaction(AsMerchant(merchant)) as session:
        return mend_order(session, merchant_id=merchant, staged_id=staged_id, changes=changes, skus=skus)


def look(db, merchant, import_id):
    with db.transaction(AsMerchant(merchant), read_only=True) as session:
        return get_preview(session, merchant, import_id)


def orders_of(db, merchant):
    with db.transaction(AsMerchant(merchant), read_only=True) as session:
        rows = list_orders(session, OrderFilter(merchant_id=merchant), limit=250, offset=0)[0]
    return sorted(rows, key=lambda row: row.number)


def everything(db, merchant):
    """Return every row that an import may not touch twice."""
    with db.transaction(AsMerchant(merchant), read_only=True) as session:
        return [
            run(session, "SELECT id, fingerprint, progress FROM orders ORDER BY id"),
            run(session, "SELECT order_id, position, sku_id, quantity FROM order_lines ORDER BY id"),
            run(session, "SELECT order_id, name, address1, city FROM recipients ORDER BY order_id"),
            run(session, "SELECT id FROM order_events ORDER BY id"),
            run(session, "SELECT id, quantity FROM movements ORDER BY id"),
            run(session, "SELECT id, code FROM skus ORDER BY id"),
        ]


def staged(preview_, number):
    [row] = [row for row in preview_.staged if row.order.number == number]
    return row
