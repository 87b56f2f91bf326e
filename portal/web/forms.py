"""The base of every form: CSRF, texts stripped, no NUL characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf import FlaskForm
from wtforms import (
    IntegerField,
    SelectChoice,  # pyright: ignore (the stubs are older than WTForms 3.3)
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, StopValidation

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from wtforms.fields.core import UnboundField
    from wtforms.form import BaseForm


def clean(value: Any) -> Any:  # noqa: ANN401 (filters get whatever the field holds)
    """Strip a text and take NUL characters out, which PostgreSQL refuses."""
    return value.replace("\0", "").strip() if isinstance(value, str) else value


def choices(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """Return (value, label) pairs as the choices of a select field."""
    return [SelectChoice(value, label) for value, label in pairs]


class WholeNumberField(IntegerField):
    """A whole number in a range; letters get the sentence of the range, and only that one."""

    def pre_validate(self, form: BaseForm) -> None:
        """Stop before the range is checked when there is no number; a blank is judged by the rule that is about blanks."""
        blank = not any(str(text).strip() for text in self.raw_data or ())
        if blank and any(
            isinstance(rule, Optional | InputRequired | DataRequired) for rule in self.validators
        ):
            return
        if self.process_errors:
            sentence = next(
                (str(rule.message) for rule in self.validators if isinstance(rule, NumberRange)),
                "Enter a whole number.",
            )
            self.errors = []
            raise StopValidation(sentence)


class Form(FlaskForm):
    """A form whose text fields come stripped."""

    class Meta(FlaskForm.Meta):
        """Adds the cleaning filter to every text field."""

        def bind_field(
            self,
            form: Any,  # noqa: ANN401 (WTForms' own signature)
            unbound_field: UnboundField[Any],
            options: MutableMapping[str, Any],
        ) -> Any:  # noqa: ANN401 (WTForms' own signature)
            """Bind a field, cleaning first."""
            if issubclass(unbound_field.field_class, StringField | TextAreaField):
                options = {**options, "filters": [clean, *unbound_field.kwargs.get("filters", ())]}
            return unbound_field.bind(form=form, **options)

    def validate_on_submit(self, extra_validators: Any = None) -> bool:  # noqa: ANN401 (WTForms' own signature)
        """Say whether the form was sent and everything in it fits."""
        return super().validate_on_submit(extra_validators)  # pyright: ignore[reportUnknownMemberType] (Flask-WTF's stub leaves it open)


class HoldForm(Form):
    """Why an order has to stop."""

    reason = StringField(
        "Reason",
        validators=[
            DataRequired("Say why the order has to stop."),
            Length(max=300, message="Keep the reason under 300 characters."),
        ],
    )


class PersonForm(Form):
    """Somebody who is to be invited."""

    name = StringField(
        "Name",
        validators=[
            DataRequired("Enter the person's name."),
            Length(max=100, message="Keep the name under 100 characters."),
        ],
    )
    email = StringField(
        "E-mail address",
        validators=[
            DataRequired("Enter an e-mail address."),
            Length(max=254, message="This address is too long."),
        ],
    )
