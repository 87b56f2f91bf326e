"""Barcodes as pictures inside a page: the content security policy allows data addresses and no inline drawings with styles."""

from __future__ import annotations

import base64

from portal.domain.picking.rules import COMMANDS
from portal.kernel.barcodes import code128


def data_uri(svg: str) -> str:
    """Return the address of a drawing that a page carries within itself."""
    # An SVG that stands alone has to name its namespace; one inside a page does not.
    alone = svg if "xmlns=" in svg else svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return "data:image/svg+xml;base64," + base64.b64encode(alone.encode()).decode()


def command_sheet() -> list[tuple[str, str, str, str]]:
    """Return code, word, meaning and picture of every command barcode."""
    return [
        (code, word, meaning, data_uri(code128(code, module_mm=0.5, height_mm=20).svg))
        for code, word, meaning in COMMANDS
    ]
