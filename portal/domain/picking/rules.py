"""The command barcodes of the floor, and how a scanned code is said back. Plain values; higher rooms and the door speak them too."""

from __future__ import annotations

UNDO = "CMD-UNDO"
ALL = "CMD-ALL"
SHORT = "CMD-SHORT"
DONE = "CMD-DONE"
NEXT_BOX = "CMD-NEXT-BOX"
SIGN_OUT = "CMD-SIGN-OUT"

COMMANDS = (
    (DONE, "Done", "Go on to the next task"),
    (UNDO, "Undo", "Take the last scan back"),
    (ALL, "All", "Take or pack the rest of this item"),
    (SHORT, "Short", "Not here, or too few"),
    (NEXT_BOX, "Next box", "Close this parcel and open another"),
    (SIGN_OUT, "Sign out", "Leave this tablet"),
)
"""Code, word and meaning of every command that is accepted wherever something is scanned."""

SCAN_EACH_UP_TO = 3
"""Up to this many eaches of a pick are scanned one by one; above, one scan and one tap take all."""


def said(code: str) -> str:
    """Return a scanned code short enough to be shown."""
    return code if len(code) <= 24 else code[:23] + "…"
