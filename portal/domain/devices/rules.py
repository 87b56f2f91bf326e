"""What a scan is and what it is answered, as plain values that every room of the floor speaks in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

VERDICTS = ("applied", "duplicate", "conflict", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanIn:
    """One code that a device read. `id` was made there before the first try and is kept for every retry."""

    id: UUID
    site_id: UUID
    device_id: UUID | None
    user_id: UUID
    code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a scan.

    `applied` changed something; `rejected` was the wrong code and changed nothing; `conflict` was the right code at the
    wrong time (a hold, a cancel) and changed nothing. `completed` names what this scan finished, for the sound and the
    next screen: '' or place, line, batch, parcel, shipped. `first` is the verdict that a repeated scan got the first time.
    """

    verdict: str
    headline: str
    sentence: str = ""
    completed: str = ""
    first: str = ""

    @property
    def outcome(self) -> str:
        """Return what the scan came to when it was carried out: for a duplicate, the verdict of the first time."""
        return self.first or self.verdict


def wrong(headline: str, sentence: str) -> Answer:
    """Answer a wrong code: what is wrong, and what is needed instead."""
    return Answer(verdict="rejected", headline=headline, sentence=sentence)


def stopped(headline: str, sentence: str) -> Answer:
    """Answer a right code that must not be carried out now: why, and what to do."""
    return Answer(verdict="conflict", headline=headline, sentence=sentence)
