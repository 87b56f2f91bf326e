"""Proofs of what is promised (T1, R1, …): real PostgreSQL, real Redis, real processes, and a negative control for each."""

from __future__ import annotations

import os

FULL = os.environ.get("PROOF", "smoke") == "full"
"""Whether the sizes of the promises are wanted (`make proof`) or a first look (`make test`)."""
