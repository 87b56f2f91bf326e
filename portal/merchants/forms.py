"""What merchants type."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, NumberRange, Optional

from portal.web.forms import Form, PersonForm, WholeNumberField, choices


class UploadForm(Form):
    """A file of orders."""

    file = FileField("Order file")


class SkuForm(Form):
    """A new SKU."""

    code = StringField(
        "SKU code",
        validators=[
            DataRequired("Enter the SKU's code."),
            Length(max=60, message="Keep the code under 60 characters."),
        ],
    )
    name = StringField(
        "Name",
        validators=[
            DataRequired("Enter the SKU's name."),
            Length(max=200, message="Keep the name under 200 characters."),
        ],
    )
    barcode = StringField(
        "Barcode of one each", validators=[Length(max=60, message="Keep the barcode under 60 characters.")]
    )
    weight_g = WholeNumberField(
        "Weight in grams",
        validators=[
            Optional(),
            NumberRange(
                1, 1_000_000, message="Enter the weight as a whole number of grams from 1 to 1,000,000."
            ),
        ],
    )


class BarcodeForm(Form):
    """A further barcode of a SKU."""

    code = StringField(
        "Barcode",
        validators=[
            DataRequired("Scan or enter the barcode."),
            Length(max=60, message="Keep the barcode under 60 characters."),
        ],
    )
    quantity = WholeNumberField(
        "Eaches per scan",
        default=1,
        validators=[
            InputRequired("Enter how many eaches one scan stands for."),
            NumberRange(1, 10_000, message="Enter a whole number from 1 to 10,000."),
        ],
    )


class InviteForm(PersonForm):
    """Somebody who is to join."""

    role = SelectField(
        "Role",
        choices=choices(
            [
                ("viewer", "Viewer: sees everything"),
                ("member", "Member: works with orders and stock"),
                ("owner", "Owner: also team and tokens"),
            ]
        ),
        validators=[AnyOf(("viewer", "member", "owner"), message="Choose one of the roles.")],
        validate_choice=False,
    )


TOKEN_DEEDS = ("orders.read", "orders.write")
"""What a token is offered: only what the API has addresses for."""


class TokenForm(Form):
    """A token for a machine."""

    name = StringField(
        "Name",
        validators=[
            DataRequired("Name the token after what uses it."),
            Length(max=100, message="Keep the name under 100 characters."),
        ],
    )
    scopes = SelectMultipleField(
        "What it may do",
        name="scopes[]",
        id="scopes",
        choices=choices((scope, scope) for scope in TOKEN_DEEDS),
        default=["orders.read", "orders.write"],
        validate_choice=False,
    )
