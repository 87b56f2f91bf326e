"""Whole numbers in forms: a blank is judged by the rule about blanks, letters by the sentence of the range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from wtforms.validators import InputRequired, NumberRange, Optional

from portal.web.forms import Form, WholeNumberField

if TYPE_CHECKING:
    from flask import Flask

RANGE = "Enter a whole number from 1 to 9."


class Sheet(Form):
    """A weight that may be left out, and a count that may not."""

    weight = WholeNumberField("Weight", validators=[Optional(), NumberRange(1, 9, message=RANGE)])
    count = WholeNumberField(
        "Count", validators=[InputRequired("Enter how many."), NumberRange(1, 9, message=RANGE)]
    )
    days = WholeNumberField("Days", validators=[NumberRange(1, 9, message=RANGE)])


@pytest.mark.parametrize(
    ("weight", "count", "days", "problems"),
    [
        ("", "2", "3", {}),
        ("  ", "2", "3", {}),
        ("4", "", "3", {"count": ["Enter how many."]}),
        ("x", "y", "z", {"weight": [RANGE], "count": [RANGE], "days": [RANGE]}),
        ("10", "0", "", {"weight": [RANGE], "count": [RANGE], "days": [RANGE]}),
    ],
)
def test_blank_and_letters(
    app: Flask, weight: str, count: str, days: str, problems: dict[str, list[str]]
) -> None:
    with app.test_request_context("/", method="POST", data={"weight": weight, "count": count, "days": days}):
        form = Sheet(meta={"csrf": False})
        form.validate_on_submit()
        assert form.errors == problems
