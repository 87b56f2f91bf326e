"""The only writers of walks: `batches` begins and ends them, `picks` carries the scans out."""

from __future__ import annotations

from portal.domain.picking.commands.batches import finish_batch, free_tote, give_back_batch, start_batch
from portal.domain.picking.commands.picks import report_short, scan_pick, undo_pick

__all__ = [
    "finish_batch", "free_tote", "give_back_batch", "report_short", "scan_pick", "start_batch", "undo_pick",
]  # fmt: skip
