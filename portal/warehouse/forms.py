"""What people may type on a tablet; everything else is scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from portal.domain.shipping.rules.carriers import CARRIERS, carrier_name
from portal.web.forms import Form, choices

if TYPE_CHECKING:
    from portal.kernel.errors import UnprocessableError


class EnrolForm(Form):
    """What a tablet is called."""

    name = StringField(
        "Name of this tablet",
        validators=[
            DataRequired("Give this tablet a name, for example Pack bench 2."),
            Length(max=40, message="A name has at most 40 characters."),
        ],
    )


class CarrierForm(Form):
    """Another carrier's label."""

    carrier = SelectField(
        "Carrier", choices=choices((code, carrier_name(code)) for code in CARRIERS), validate_choice=False
    )
    tracking_number = StringField(
        "Number on the label", validators=[Length(max=60, message="A number has at most 60 characters.")]
    )
    service = StringField(
        "Service", validators=[Length(max=60, message="A service has at most 60 characters.")]
    )


class ReceiveForm(Form):
    """How many came, and where they are put."""

    id = HiddenField()
    merchant = HiddenField()
    sku = HiddenField()
    place = StringField(
        "Place",
        validators=[
            DataRequired("Scan or type the place, for example DOCK-1."),
            Length(max=30, message="A place's code has at most 30 characters."),
        ],
    )
    quantity = IntegerField(
        "Quantity",
        validators=[
            InputRequired("Type how many came."),
            NumberRange(1, 1_000_000, message="The quantity has to be a whole number from 1 to 1,000,000."),
        ],
    )


def put_problems(form: Form, error: UnprocessableError) -> None:
    """Put a command's refusal beside the fields that it names."""
    for problem in error.problems:
        field = form._fields.get(problem.field)
        if field is not None:
            field.errors = [problem.sentence]
    if not error.problems:
        form.form_errors.append(error.sentence)
