"""Drawing the papers of a parcel: the own 4×6 in label as PDF and ZPL, and the packing slip on A4 and 4×6 in.

Everything that people typed is escaped by the templates; long texts are set smaller, then broken, then cut, in that order,
so that a barcode, a town and a postcode are always whole.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from portal.domain.shipping.rules import zpl
from portal.kernel.barcodes import code128, fitting
from portal.kernel.brand import palette
from portal.kernel.pdf import render_pdf
from portal.kernel.words import shorten

if TYPE_CHECKING:
    from datetime import date

    from portal.domain.shipping.rules.papers import ParcelPapers
    from portal.kernel.barcodes import Drawing

TEMPLATES = Path(__file__).resolve().parents[3] / "templates" / "documents"
PDF, ZPL = "application/pdf", "application/zpl"

_PARCEL_MODULE_MM = 0.5
"""Bars of half a millimetre are four dots of a 203 dpi printer: read at arm's length, and through stretch film."""


def render_papers(papers: ParcelPapers) -> list[tuple[str, str, bytes]]:
    """Return every paper of a parcel as (kind, media type, bytes); the same parcel gives the same bytes."""
    return [
        ("label_pdf", PDF, label_pdf(papers)),
        ("label_zpl", ZPL, label_zpl(papers)),
        ("slip_a4", PDF, slip_pdf(papers, "a4")),
        ("slip_4x6", PDF, slip_pdf(papers, "4x6")),
    ]


def label_pdf(papers: ParcelPapers) -> bytes:
    """Draw the 4×6 in label: sender, recipient, service, piece, order, and the parcel's number as a Code 128."""
    drawing = code128(papers.number, module_mm=_PARCEL_MODULE_MM, height_mm=31)
    html = (
        _templates().get_template("label.html").render(p=papers, barcode=_markup(drawing), kind=drawing.kind)
    )
    return render_pdf(html, _styles("label"))


def label_zpl(papers: ParcelPapers) -> bytes:
    """Write the same label for a thermal printer."""
    return zpl.label(papers).encode()


def slip_pdf(papers: ParcelPapers, size: str) -> bytes:
    """Draw the packing slip in the merchant's colour, on `a4` or `4x6`: what is in this parcel, what is not, and no prices."""
    width, module = (64, 0.375) if size == "a4" else (46, 0.33)
    drawing = fitting(
        papers.order_number, width_mm=width, height_mm=12 if size == "a4" else 10, module_mm=module
    )
    html = (
        _templates()
        .get_template("slip.html")
        .render(
            p=papers,
            size=size,
            colours=palette(papers.sender.brand_colour),
            barcode=_markup(drawing) if drawing else None,
            kind=drawing.kind if drawing else "",
            here=[line for line in papers.lines if line.here],
            later=[line for line in papers.lines if line.later],
        )
    )
    return render_pdf(html, _styles("slip") + _styles(f"slip_{size}"))


def _markup(drawing: Drawing) -> Markup:
    """Mark a barcode as our own drawing: it holds numbers only, nothing that anybody typed."""
    return Markup(drawing.svg)  # noqa: S704 (numbers only)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja types its table of filters by the filters that it brings along.
    filters: dict[str, Any] = environment.filters
    filters |= {"full_day": _full_day, "shorten": shorten, "step": _step, "bare": _bare}
    return environment


@lru_cache(maxsize=8)
def _styles(name: str) -> str:
    return (TEMPLATES / f"{name}.css").read_text(encoding="utf-8")


def _full_day(day: date) -> str:
    return format_date(day, "d MMMM y", locale="en_GB")


def _step(text: str, *limits: int) -> str:
    """Name the size that a text is set in: `fit-0` up to the first limit of columns, `fit-1` up to the second, and so on."""
    columns = zpl.width_of(text)
    return f"fit-{next((step for step, limit in enumerate(limits) if columns <= limit), len(limits))}"


def _bare(url: str) -> str:
    """Write a shop's address as people say it."""
    return url.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
