"""Ten days of the demo's 3PL: orders come in all day, the floor ships most of them, and today is in full swing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.demo.floor import Floor
from portal.demo.orders import basket, export, order_of
from portal.domain.intake.commands import confirm_import, preview_import
from portal.domain.orders.commands.accept import accept_orders
from portal.domain.orders.commands.allocation import allocate
from portal.domain.orders.commands.holds import cancel_order, place_hold
from portal.domain.orders.queries import OrderFilter, list_orders
from portal.kernel.scopes import AsMerchant, AsOffice

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

    from portal.demo.opening import Opened, Shop
    from portal.domain.orders.queries import OrderRow
    from portal.kernel.db import Database
    from portal.kernel.files import Files

ORDERS_BY_DAY = (24, 30, 33, 28, 24, 30, 36, 31, 28, 36)
"""Oldest first; the last is today."""
SHARES = (5, 4, 3, 3)
"""How often each merchant's recipients order, in the order of the merchants."""


def live_ten_days(
    database: Database,
    opened: Opened,
    files: Files,
    chance: random.Random,
    *,
    now: datetime,
    say: Callable[[str], None],
) -> None:
    """Let the days pass, ending now."""
    numbers = {shop.described.code: 20_000 + 1_000 * index for index, shop in enumerate(opened.shops)}
    last = len(ORDERS_BY_DAY) - 1
    for day, count in enumerate(ORDERS_BY_DAY):
        # Each day is told backwards from the present time of day, so that a demo begun at any hour looks like a day at work.
        end = now - timedelta(days=last - day)
        _take_orders(
            database,
            opened,
            chance,
            count,
            numbers,
            begin=end - timedelta(hours=9),
            end=end - timedelta(minutes=20),
        )
        floor = Floor(database, opened, files, chance, end - timedelta(hours=4))
        if day < last:
            _work_a_day(floor, opened, orders=int(count * 0.72))
            say(f"day {day + 1} of {len(ORDERS_BY_DAY)}")
    _import_files(database, opened.shops[0], chance, numbers, now)
    _trouble(database, opened, now)
    _work_today(Floor(database, opened, files, chance, now - timedelta(hours=2)), opened)
    say("today")


def _take_orders(
    database: Database,
    opened: Opened,
    chance: random.Random,
    count: int,
    numbers: dict[str, int],
    *,
    begin: datetime,
    end: datetime,
) -> None:
    span = (end - begin).total_seconds()
    instants = sorted(begin + timedelta(seconds=chance.random() * span) for _ in range(count))
    for shop, at in zip(chance.choices(opened.shops, SHARES, k=count), instants, strict=True):
        numbers[shop.described.code] += 1
        number = f"{shop.described.prefix}{numbers[shop.described.code]}"
        order = order_of(shop, basket(shop, chance), number=number, placed_at=at, chance=chance)
        with database.transaction(AsMerchant(shop.id)) as session:
            accept_orders(
                session, merchant_id=shop.id, orders=[order], source="from the shop", by=None, at=at
            )
            allocate(session, merchant_id=shop.id, order_ids=[order.id], by=None, at=at)


def _work_a_day(floor: Floor, opened: Opened, *, orders: int) -> None:
    walked = 0
    while walked < orders:
        worker = opened.worker_ids[(walked // 6) % len(opened.worker_ids)]
        if not floor.pick(worker, most_orders=min(6, orders - walked)):
            break
        walked += 6
        floor.pack(worker, most=6, typed=0.35)
    floor.ship(opened.worker_ids[-1])


def _work_today(floor: Floor, opened: Opened) -> None:
    """Leave every state behind: shipped, packed, half packed, picked and waiting, and a walk half done."""
    sam, lin, dev = opened.worker_ids
    floor.pick(lin)
    floor.pack(lin, most=6, typed=0.3)
    floor.pick(dev)
    floor.pack(dev, most=4)
    floor.ship(dev, keep=4)
    floor.pick(lin, most_orders=5)
    floor.begin_parcel(lin)
    floor.pick(sam, most_scans=7)


def _import_files(
    database: Database, shop: Shop, chance: random.Random, numbers: dict[str, int], now: datetime
) -> None:
    """Upload two files: one was confirmed this morning, one waits in its preview with two orders to mend."""
    for hours, count, faults in ((5, 12, False), (1, 14, True)):
        at = now - timedelta(hours=hours)
        first = numbers[shop.described.code] + 1
        numbers[shop.described.code] += count
        data = export(
            shop, [basket(shop, chance) for _ in range(count)], first=first, placed_at=at, faults=faults
        )
        with database.transaction(AsMerchant(shop.id, shop.owner_id)) as session:
            import_id = preview_import(
                session,
                merchant_id=shop.id,
                file_name=f"orders_export_{count}.csv",
                data=data,
                by=shop.owner_id,
                at=at,
            )
            if not faults:
                confirm_import(
                    session,
                    merchant_id=shop.id,
                    import_id=import_id,
                    unknown_skus="match",
                    by=shop.owner_id,
                    at=at,
                )


def _trouble(database: Database, opened: Opened, now: datetime) -> None:
    """Hold some orders, by merchants and by the operator, and cancel some."""
    for shop in opened.shops:
        with database.transaction(AsMerchant(shop.id, shop.owner_id)) as session:
            ready = list_orders(session, OrderFilter(merchant_id=shop.id, progress="ready"), limit=20)[0]
            waiting = list_orders(
                session, OrderFilter(merchant_id=shop.id, progress="waiting_for_stock"), limit=5
            )[0]
            for order in ready[:1]:
                place_hold(
                    session, merchant_id=shop.id, order_id=order.id, kind="merchant", reason="The customer asked to change the address.", owner="merchant",
                    next_step="Change the address with the customer, then release the hold.", by=shop.owner_id, at=now - timedelta(hours=2),
                )  # fmt: skip
            for order in [*ready[1:2], *waiting[:1]]:
                cancel_order(
                    session,
                    merchant_id=shop.id,
                    order_id=order.id,
                    by=shop.owner_id,
                    at=now - timedelta(hours=3),
                )
            held = ready[2:3]
        for order in held:
            _hold_by_operator(database, opened, order, now)


def _hold_by_operator(database: Database, opened: Opened, order: OrderRow, now: datetime) -> None:
    with database.transaction(AsOffice(opened.office_id)) as session:
        place_hold(
            session, merchant_id=order.merchant_id, order_id=order.id, kind="operator", reason="The box came open on the belt; one unit is being checked.",
            owner="operator", next_step="The lead checks the unit and releases the hold.", by=opened.office_id, at=now - timedelta(hours=1),
        )  # fmt: skip
