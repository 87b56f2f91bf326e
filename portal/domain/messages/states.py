"""States of messages and the moves between them, as data."""

from __future__ import annotations

from portal.kernel.states import Moves, move

MESSAGE_STATES = ("queued", "sending", "sent", "kept", "failed", "unknown")

MESSAGE_MOVES = Moves(
    "message",
    move("start", "queued", "sending"),
    move("confirm", "sending", "sent"),
    move("keep", "queued", "kept"),
    move("fail", "sending", "failed"),
    move("requeue", "sending", "queued"),
    move("lose", "sending", "unknown"),
    move("send again", "failed unknown kept", "queued"),
)
