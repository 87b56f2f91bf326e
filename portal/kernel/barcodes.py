"""Barcodes as drawings, by zint: quiet zones included, every warning an error. Nothing here knows what a code means."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

# A compiled module without type stubs; its few names are used in this file only.
_zint: Any = importlib.import_module("zint")

SMALLEST_MODULE_MM = 0.25
"""The narrowest bar that a 203 dpi printer draws with two dots, and that a hand scanner reads without aiming."""

_UTF_8 = 26
"""The interpretation that a scanner is told of (AIM ECI 000026) where text is not ASCII."""

_UNITS_PER_MODULE = 2
"""zint's vectors count half modules."""


class _Bar(Protocol):
    x: float
    y: float
    width: float
    height: float


class _Vector(Protocol):
    width: float
    height: float
    rectangles: Iterable[_Bar]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A barcode as one SVG element of an exact size, and the kind of code that it is."""

    kind: str
    svg: str
    width_mm: float
    height_mm: float


def code128(text: str, *, module_mm: float, height_mm: float) -> Drawing:
    """Draw a Code 128 (ISO/IEC 15417) with bars of this width; `ValueError` for text that it cannot carry."""
    vector = _encode("CODE128", text)
    width_mm = vector.width / _UNITS_PER_MODULE * module_mm
    return Drawing("code128", _svg(vector, width_mm, height_mm), width_mm, height_mm)


def fitting(text: str, *, width_mm: float, height_mm: float, module_mm: float) -> Drawing | None:
    """Draw any text within a width: a Code 128 with bars up to `module_mm`, or a Data Matrix where its bars would get too thin.

    None when the text is too long for either to be read: better no barcode than one that no scanner takes.
    """
    try:
        if text.isascii() and text.isprintable():
            modules = _encode("CODE128", text).width / _UNITS_PER_MODULE
            widest = min(module_mm, width_mm / modules)
            if widest >= SMALLEST_MODULE_MM:
                return code128(text, module_mm=widest, height_mm=height_mm)
        vector = _encode("DATAMATRIX", text)
    except ValueError:
        return None
    side = min(height_mm, width_mm)
    if side / (vector.width / _UNITS_PER_MODULE) < SMALLEST_MODULE_MM:
        return None
    return Drawing("datamatrix", _svg(vector, side, side), side, side)


def _encode(symbology: str, text: str) -> _Vector:
    symbol = _zint.Symbol()
    symbol.symbology = getattr(_zint.Symbology, symbology)
    symbol.input_mode = _zint.InputMode.UNICODE
    symbol.output_options = _zint.OutputOptions.BARCODE_QUIET_ZONES
    symbol.warn_level = _zint.WarningLevel.FAIL_ALL
    symbol.show_text = False
    if symbology == "DATAMATRIX":
        symbol.option_3 = _zint.DataMatrixOptions.SQUARE
        symbol.eci = 0 if text.isascii() else _UTF_8
    try:
        symbol.encode(text)
        symbol.buffer_vector()
    except RuntimeError as error:
        raise ValueError(f"{text!r} does not go into this barcode: {error}") from error
    return symbol.vector


def _svg(vector: _Vector, width_mm: float, height_mm: float) -> str:
    """Draw all bars as one path; the drawing is stretched to its size, so heights need not be encoded."""
    bars = "".join(
        f"M{bar.x:g} {bar.y:g}h{bar.width:g}v{bar.height:g}h-{bar.width:g}z" for bar in vector.rectangles
    )
    return (
        f'<svg class="barcode" width="{width_mm:.3f}mm" height="{height_mm:.3f}mm" viewBox="0 0 {vector.width:g} {vector.height:g}" '
        f'preserveAspectRatio="none"><path d="{bars}"/></svg>'
    )
