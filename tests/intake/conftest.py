"""A site and Acme, whose files they are."""

from __future__ import annotations

import pytest

from tests import make


@pytest.fixture
def here(db):
    return make.site(db)


@pytest.fixture
def acme(db, here):
    return make.merchant(db, here)
