"""Pages of lists, by address: `?page=2`. A page beyond the end shows the last one's emptiness, never an error."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import request


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is shown."""

    number: int
    size: int = 50
    total: int | None = None
    more: bool = False

    @classmethod
    def from_request(cls, size: int = 50) -> Page:
        """Read the page's number from the address; anything odd is page 1."""
        text = request.args.get("page", "1")
        return cls(
            int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text) else 1, size
        )

    @property
    def offset(self) -> int:
        """Return how many rows come before this page."""
        return (self.number - 1) * self.size

    @property
    def count(self) -> int:
        """Return how many pages there are, at least 1; for lists whose total is known."""
        return max(1, -(-(self.total or 0) // self.size))

    def of(self, total: int) -> Page:
        """Return this page of a list of `total` rows."""
        return replace(self, total=total, more=self.offset + self.size < total)

    def with_more(self, more: bool) -> Page:
        """Return this page of a list whose total nobody counted."""
        return replace(self, more=more)
