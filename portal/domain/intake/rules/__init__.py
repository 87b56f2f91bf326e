"""Reading order files: bytes in, orders with verdicts out. Pure; knows no catalogue and no database.

Header-driven, never positional. The unit is the order: one bad row keeps its whole order in attention and stops no other.
"""

from portal.domain.intake.rules.countries import COUNTRIES, NO_POSTCODE
from portal.domain.intake.rules.judging import recheck
from portal.domain.intake.rules.problems import Problem, UnreadableFile
from portal.domain.intake.rules.reading import ParsedFile, read_order_file
from portal.domain.intake.rules.staged import (
    Address,
    StagedLine,
    StagedOrder,
    fingerprint,
    from_json,
    to_json,
)

__all__ = [
    "COUNTRIES",
    "NO_POSTCODE",
    "Address",
    "ParsedFile",
    "Problem",
    "StagedLine",
    "StagedOrder",
    "UnreadableFile",
    "fingerprint",
    "from_json",
    "read_order_file",
    "recheck",
    "to_json",
]
