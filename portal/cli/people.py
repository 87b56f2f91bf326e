"""`portal site add`, `merchant add`, `user add`: the first people of an installation, before anybody can sign in."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.cli.errors import CommandError
from portal.domain.accounts.commands.passwords import issue_link
from portal.domain.accounts.commands.people import (
    NewMerchant,
    add_merchant,
    add_site,
    invite_member,
    invite_staff,
)
from portal.domain.accounts.queries import find_merchant, list_merchants, list_sites
from portal.domain.stock.commands import open_site
from portal.kernel import clock
from portal.kernel.db import Database
from portal.kernel.scopes import AsOffice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.config import Config
    from portal.domain.accounts.queries import SiteRow

MEMBERS = ("owner", "member", "viewer")
FLOOR = ("worker", "lead")


def add_first_site(
    config: Config, *, code: str, name: str, timezone: str, address: list[str], cut_off: str
) -> int:
    """Open a site with its dock and virtual places."""
    try:
        ZoneInfo(timezone)
        until = time.fromisoformat(cut_off)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CommandError(
            f"{error}. Write a zone such as Europe/London and an hour such as 14:00."
        ) from error
    with _office(config) as session:
        if any(site.code == code for site in list_sites(session)):
            raise CommandError(f"There is a site {code} already; choose another code.")
        site_id = add_site(
            session, code=code, name=name, timezone=timezone, address_lines=address, cut_off=until
        )
        open_site(session, site_id=site_id)
    print(f"Site {code} was opened.")
    return 0


def take_on_merchant(
    config: Config,
    *,
    code: str,
    name: str,
    site: str,
    support_email: str,
    brand_colour: str,
    shop_url: str,
    currency: str,
) -> int:
    """Take a merchant on at a site."""
    with _office(config) as session:
        new = NewMerchant(
            code=code.upper(), name=name, site_id=_site(session, site).id, support_email=support_email, brand_colour=brand_colour.lower(),
            shop_url=shop_url, currency=currency.upper(),
        )  # fmt: skip
        add_merchant(session, new=new, by=None, at=clock.now())
    print(
        f"Merchant {new.code} was added. Invite its owner: portal user add EMAIL NAME --role owner --merchant {new.code}"
    )
    return 0


def invite(config: Config, *, email: str, name: str, role: str, merchant: str, site: str) -> int:
    """Invite somebody to a merchant or to the staff. Without a mail server the invitation's link is printed."""
    mails = bool(config.smtp_url)
    at = clock.now()
    with _office(config) as session:
        merchant_id: UUID | None = None
        if role in MEMBERS:
            merchant_id = _merchant(session, merchant, role)
            user_id = invite_member(
                session,
                merchant_id=merchant_id,
                email=email,
                name=name,
                role=role,
                by=None,
                at=at,
                mail=mails,
            )
        else:
            site_id = _site(session, site).id if role in FLOOR else None
            user_id = invite_staff(
                session, email=email, name=name, role=role, site_id=site_id, by=None, at=at, mail=mails
            )
        secret = (
            ""
            if mails
            else issue_link(session, kind="invitation", user_id=user_id, merchant_id=merchant_id, at=at)
        )
    if mails:
        print(f"{email} was added as {role}; an invitation goes there by mail.")
    else:
        print(
            f"{email} was added as {role}. SMTP_URL is not set, so hand over this link (it works once, for 7 days):"
        )
        print(f"{config.base_url}/invitation/{secret}")
    return 0


def _site(session: Session, code: str) -> SiteRow:
    """Return the site that was named, or the only one there is."""
    sites = list_sites(session)
    if not sites:
        raise CommandError(
            "There is no site yet; open one: portal site add CODE NAME --timezone Europe/London"
        )
    found = sites if not code and len(sites) == 1 else [site for site in sites if site.code == code]
    if not found:
        known = ", ".join(site.code for site in sites)
        raise CommandError(
            f"There is no site {code}; sites: {known}."
            if code
            else f"Say which site with --site; sites: {known}."
        )
    return found[0]


def _merchant(session: Session, code: str, role: str) -> UUID:
    if not code:
        raise CommandError(f"A {role} belongs to a merchant; name it with --merchant CODE.")
    found = find_merchant(session, code)
    if found is None:
        known = ", ".join(row.code for row in list_merchants(session)) or "none yet; see portal merchant add"
        raise CommandError(f"There is no merchant {code}; merchants: {known}.")
    return found.id


@contextmanager
def _office(config: Config) -> Iterator[Session]:
    database = Database.from_config(config)
    try:
        with database.transaction(AsOffice()) as session:
            yield session
    finally:
        database.dispose()
