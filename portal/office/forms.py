"""What clerks and admins type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from portal.domain.shipping.rules.carriers import CARRIERS, carrier_name
from portal.kernel.errors import UnprocessableError
from portal.web.forms import Form, HoldForm, PersonForm, WholeNumberField, choices

if TYPE_CHECKING:
    from wtforms import Field

    from portal.kernel.errors import PortalError

MEMBER_CHOICES = [
    ("owner", "Owner: also team and tokens"), ("member", "Member: works with orders and stock"), ("viewer", "Viewer: sees everything"),
]  # fmt: skip
STAFF_CHOICES = [
    ("worker", "Worker: picks and packs"), ("lead", "Lead: also enrols tablets"), ("clerk", "Clerk: works in the office"),
    ("admin", "Admin: also merchants, staff and tablets"),
]  # fmt: skip
PLACE_CHOICES = [
    ("storage", "Storage: a bin that goods are picked from"), ("tote", "Tote: holds one order on a cart"), ("dock", "Dock: goods come in"),
    ("pack", "Packing bench"), ("quarantine", "Quarantine"), ("returns", "Returns"),
]  # fmt: skip


def show_problems(
    form: Form, error: PortalError, *, default: str, names: dict[str, str] | None = None
) -> None:
    """Put what a command refused beside the fields that it speaks of; `names` maps a command's word to a form's."""
    problems = error.problems if isinstance(error, UnprocessableError) else ()
    for problem in problems:
        wanted: str = (names or {}).get(problem.field, problem.field)
        field: Field = form[wanted if wanted in form else default]
        field.errors = [*field.errors, problem.sentence]
    if not problems:
        form[default].errors = [error.sentence]


class OfficeHoldForm(HoldForm):
    """Why an order has to stop, and what has to happen before it goes on."""

    next_step = StringField(
        "Next step",
        validators=[
            DataRequired("Say what has to happen before it can go on."),
            Length(max=300, message="Keep the next step under 300 characters."),
        ],
    )


class CarrierForm(Form):
    """The carrier and number of a parcel whose label was bought elsewhere."""

    carrier = SelectField(
        "Carrier", choices=choices((code, carrier_name(code)) for code in CARRIERS if code != "own")
    )
    tracking_number = StringField(
        "Tracking number",
        validators=[
            DataRequired("Enter the number on the carrier's label."),
            Length(max=60, message="Keep the number under 60 characters."),
        ],
    )
    service = StringField("Service", validators=[Length(max=60, message="Keep it under 60 characters.")])


class MerchantForm(Form):
    """A merchant who is taken on, with the first owner."""

    name = StringField(
        "Name",
        validators=[
            DataRequired("Give the merchant a name."),
            Length(max=100, message="Keep the name under 100 characters."),
        ],
    )
    code = StringField(
        "Code",
        filters=[lambda value: value.upper() if isinstance(value, str) else value],
        validators=[DataRequired("Choose a code: 2 to 20 capital letters, digits and dashes.")],
    )
    site = SelectField("Site")
    owner_name = StringField(
        "Name of the first owner",
        validators=[
            DataRequired("Enter the owner's name."),
            Length(max=100, message="Keep the name under 100 characters."),
        ],
    )
    owner_email = StringField(
        "E-mail address of the first owner",
        validators=[
            DataRequired("Enter the owner's e-mail address."),
            Length(max=254, message="This address is too long."),
        ],
    )
    support_email = StringField(
        "E-mail address",
        validators=[
            DataRequired("Enter the address that recipients write to."),
            Length(max=254, message="This address is too long."),
        ],
    )
    support_phone = StringField(
        "Phone", validators=[Length(max=40, message="Keep the number under 40 characters.")]
    )
    shop_url = StringField(
        "Shop's address", validators=[Length(max=300, message="Keep the address under 300 characters.")]
    )
    postal_identity = StringField(
        "Name and postal address",
        validators=[Length(max=300, message="Keep it under 300 characters.")],
    )
    return_policy = TextAreaField(
        "Return policy", validators=[Length(max=2000, message="Keep the policy under 2,000 characters.")]
    )
    return_days = WholeNumberField(
        "Days for returns",
        default=30,
        validators=[
            InputRequired("Enter how many days recipients have."),
            NumberRange(0, 365, message="Enter a whole number from 0 to 365."),
        ],
    )
    brand_colour = StringField(
        "Brand colour",
        default="#1f4b99",
        filters=[lambda value: value.lower() if isinstance(value, str) else value],
        validators=[DataRequired("Choose the brand's colour.")],
    )
    currency = StringField(
        "Currency",
        default="USD",
        filters=[lambda value: value.upper() if isinstance(value, str) else value],
        validators=[DataRequired("Enter a currency, for example USD.")],
    )
    handling_days = WholeNumberField(
        "Handling days",
        default=1,
        validators=[
            InputRequired("Enter how many working days an order may take."),
            NumberRange(0, 60, message="Enter a whole number from 0 to 60."),
        ],
    )


class MemberForm(PersonForm):
    """Somebody who is to join a merchant's team."""

    role = SelectField("Role", choices=choices(MEMBER_CHOICES))


class StaffForm(PersonForm):
    """Somebody who is to join the staff."""

    role = SelectField("Role", choices=choices(STAFF_CHOICES))
    site = SelectField("Site")


class BadgeForm(Form):
    """A badge for a worker."""

    code = StringField("What its barcode says", validators=[DataRequired("Scan or enter the badge's code.")])


class PinForm(Form):
    """A PIN for a worker."""

    pin = PasswordField("New PIN", validators=[DataRequired("Enter a PIN.")])


class PlacesForm(Form):
    """Places to be added."""

    kind = SelectField("Kind", choices=choices(PLACE_CHOICES))
    codes = TextAreaField(
        "Codes",
        validators=[
            DataRequired("Enter codes or ranges, for example A-01-1..A-10-4."),
            Length(max=5000, message="Keep the list under 5,000 characters."),
        ],
    )
