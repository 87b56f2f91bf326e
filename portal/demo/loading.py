"""Loading the demo: opens the 3PL, lives its days, lets the news travel, and writes `demo.json` for scripts."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from portal.demo.days import live_ten_days
from portal.demo.opening import open_operator
from portal.demo.people import PASSWORD, PEOPLE
from portal.domain.messages.links import tracking_url
from portal.domain.orders.queries import OrderFilter, list_orders
from portal.jobs import Courier
from portal.kernel import clock
from portal.kernel.files import Files
from portal.kernel.scopes import AsMerchant

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.config import Config
    from portal.demo.opening import Opened
    from portal.kernel.db import Database

MARK = "demo.loading"
"""Stands in the installation's folder while the demo is loaded."""

SHOWN = ("shipped", "packed", "picking", "ready", "waiting_for_stock")
"""The states of which `demo.json` names tracking links."""


def is_loaded(config: Config) -> bool:
    """Say whether the demo was loaded to its end."""
    return (config.var / "demo.json").exists()


def was_cut_off(config: Config) -> bool:
    """Say whether a loading began and never ended: what it left is of no use to anybody."""
    return (config.var / MARK).exists()


def load(database: Database, config: Config, *, say: Callable[[str], None]) -> None:
    """Fill an empty database with the demo; `say` gets a few words after each step."""
    mark = config.var / MARK
    config.var.mkdir(parents=True, exist_ok=True)
    mark.touch()
    chance, now = random.Random(2026), clock.now()  # noqa: S311 (a demo that looks the same every time)
    opened = open_operator(database, now - timedelta(days=10), chance)
    say("site, people, goods")
    live_ten_days(database, opened, Files(config.var / "documents"), chance, now=now, say=say)
    # The recipients are invented: their mails are kept for reading, even where a mail server is set.
    Courier(database, replace(config, smtp_url="")).deliver_due()
    say("mails")
    write_summary(database, config, opened)
    mark.unlink()


def write_summary(database: Database, config: Config, opened: Opened) -> None:
    """Write `demo.json`: where the portal is, who can sign in, merchants with their tokens, and some tracking links."""
    people: list[dict[str, Any]] = [
        {"role": p.role, "name": p.name, "email": p.email, "password": PASSWORD, "merchant": p.merchant, "badge": p.badge, "pin": p.pin}
        for p in PEOPLE
    ]  # fmt: skip
    links: list[str] = []
    merchants: list[dict[str, str]] = []
    for shop in opened.shops:
        merchants.append({"code": shop.described.code, "name": shop.described.name, "api_token": shop.token})
        with database.transaction(AsMerchant(shop.id), read_only=True) as session:
            for progress in SHOWN:
                found, _ = list_orders(session, OrderFilter(merchant_id=shop.id, progress=progress), limit=1)
                links += [tracking_url(config, row.id) for row in found]
    summary = {"base_url": config.base_url, "people": people, "merchants": merchants, "tracking_links": links}
    partial = config.var / "demo.json.partial"
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(summary, indent=2) + "\n")
    partial.replace(config.var / "demo.json")
