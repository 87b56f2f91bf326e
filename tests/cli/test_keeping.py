"""The keeper: what ends is replaced, and only a refusal at the very beginning ends everything."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from portal.cli import keeping
from portal.cli.errors import REFUSED
from portal.cli.keeping import Keeper, Kept

if TYPE_CHECKING:
    import pytest

REFUSES = ("no-such-command",)
"""The command line refuses it at once, with the code of a refusal."""


def test_a_refusal_at_the_beginning_ends_everything() -> None:
    kept = Kept("odd", REFUSES)
    assert Keeper([kept]).run() == REFUSED


def test_a_refusal_of_a_replacement_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "BEGINNING_S", 0.0)
    monkeypatch.setattr(keeping, "RESTART_S", 0.1)
    started: set[int] = set()
    kept = Kept("odd", REFUSES)
    keeper = Keeper([kept])
    monkeypatch.setattr(keeping, "on_signals", lambda stop: threading.Timer(60, stop).start())

    def watch() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(started) < 3:
            if kept.process is not None:
                started.add(kept.process.pid)
            time.sleep(0.02)
        keeper._stop.set()  # what a signal does

    threading.Thread(target=watch, daemon=True).start()
    assert keeper.run() == 0
    assert len(started) == 3
