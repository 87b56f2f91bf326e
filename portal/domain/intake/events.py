"""What happened to imports."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ImportConfirmed:
    """A merchant confirmed a file; its good orders exist."""

    merchant_id: UUID
    import_id: UUID
