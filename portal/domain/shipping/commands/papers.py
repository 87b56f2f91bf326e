"""Making a parcel's papers: rendered once at its close, kept by the hash of their content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as upsert

from portal.domain.shipping.documents import render_papers
from portal.domain.shipping.models import Document
from portal.domain.shipping.queries import parcel_papers
from portal.kernel.db import run
from portal.kernel.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.shipping.rules.papers import ParcelPapers
    from portal.kernel.files import Files


def make_papers(
    session: Session, files: Files, *, merchant_id: UUID, parcel_id: UUID, at: datetime
) -> ParcelPapers:
    """Render label and packing slip of a packed parcel and keep them; return what stands on them. The same again changes nothing.

    Files are safe on disk before the rows that name them are committed. A tracking number stands on none of our papers, so
    choosing another carrier makes none anew.
    """
    papers = parcel_papers(session, merchant_id, parcel_id)
    [site] = run(
        session,
        "SELECT site_id FROM parcels WHERE merchant_id = :m AND id = :p",
        {"m": merchant_id, "p": parcel_id},
    )
    rows = [
        {
            "merchant_id": merchant_id, "id": new_id(), "site_id": site[0], "parcel_id": parcel_id, "kind": kind,
            "media_type": media_type, "sha256": files.put(data), "created_at": at,
        }
        for kind, media_type, data in render_papers(papers)
    ]  # fmt: skip
    statement = upsert(Document)
    new = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant_id", "parcel_id", "kind"],
            set_={"sha256": new.sha256, "media_type": new.media_type, "created_at": new.created_at},
            where=Document.sha256 != new.sha256,
        ),
        rows,
    )
    return papers
