"""Imports every room's models, so that the metadata is whole for migrations and checks. Imported by nobody else."""

# A model is in the metadata once its module was imported; nothing else is wanted of it here.
# pyright: reportUnusedImport=false
from __future__ import annotations

import portal.domain.accounts.models
import portal.domain.catalog.models
import portal.domain.devices.models
import portal.domain.intake.models
import portal.domain.messages.models
import portal.domain.orders.models
import portal.domain.picking.models
import portal.domain.shipping.models
import portal.domain.stock.models
import portal.kernel.outbox  # noqa: F401 (for its tables)
from portal.kernel.db import Base

metadata = Base.metadata
