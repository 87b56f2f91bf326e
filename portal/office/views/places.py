"""Places of a site: which there are, what lies in them, and adding more."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, redirect, render_template, url_for

from portal.domain.accounts.queries import list_sites
from portal.domain.stock.commands import add_place_range
from portal.domain.stock.queries import count_places, get_place, list_full_places, stock_in_place
from portal.kernel.errors import NotFoundError, UnprocessableError
from portal.office.door import office
from portal.office.forms import PlacesForm, show_problems
from portal.office.words import CONDITIONS, PLACE_KINDS, asked, asked_id
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.paging import Page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@office.get("/places")
@permit("office.read")
def places() -> str:
    """List the places of a site, along the walk."""
    return _page(asked_id("site"), PlacesForm(formdata=None))


def _page(site_id: UUID | None, form: PlacesForm) -> str:
    page, kind, filled = Page.from_request(), asked("kind"), asked("view") == "filled"
    kind = kind if kind in PLACE_KINDS else ""
    with transaction(read_only=True) as session:
        sites = list_sites(session)
        site = next((site for site in sites if site_id in (None, site.id)), None)
        if site is None:
            if site_id is not None:
                raise NotFoundError("There is no such site.")
            return render_template("office/places.html", sites=[], site=None, form=form)
        rows, total = list_full_places(
            session,
            site.id,
            kind=kind,
            search=asked("search"),
            only_filled=filled,
            limit=page.size,
            offset=page.offset,
        )
        return render_template(
            "office/places.html",
            sites=sites,
            site=site,
            rows=rows,
            page=page.of(total),
            kind=kind,
            filled=filled,
            search=asked("search"),
            counts=count_places(session, site.id),
            kinds=PLACE_KINDS,
            form=form,
        )


@office.post("/sites/<uuid:site_id>/places")
@permit("office.write")
def create_places(site_id: UUID) -> Response | tuple[str, int]:
    """Add places by codes and ranges."""
    form = PlacesForm()
    if not form.validate_on_submit():
        return _page(site_id, form), 422
    try:
        with transaction() as session:
            added, known = add_place_range(
                session, site_id=site_id, kind=str(form.kind.data), text=str(form.codes.data)
            )
    except UnprocessableError as error:
        show_problems(form, error, default="codes")
        return _page(site_id, form), 422
    there = f" {known:,} of these codes existed already and stay as they are." if known else ""
    flash(f"{added:,} {'place' if added == 1 else 'places'} added.{there}", "ok")
    return redirect(url_for("office.places", site=site_id, kind=form.kind.data), 303)


@office.get("/places/<uuid:place_id>")
@permit("office.read")
def place(place_id: UUID) -> str:
    """Show what lies in a place."""
    with transaction() as session:
        shown = get_place(session, place_id)
        return render_template(
            "office/place.html",
            place=shown,
            rows=stock_in_place(session, place_id),
            kinds=PLACE_KINDS,
            conditions=CONDITIONS,
        )
