"""The base of every form: CSRF, texts stripped, no NUL characters."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.fields.core import UnboundField


def clean(value: Any) -> Any:  # noqa: ANN401 (filters get whatever the field holds)
    """Strip a text and take NUL characters out, which PostgreSQL refuses."""
    return value.replace("\0", "").strip() if isinstance(value, str) else value


class Form(FlaskForm):
    """A form whose text fields come stripped."""

    class Meta(FlaskForm.Meta):
        """Adds the cleaning filter to every text field."""

        def bind_field(self, form: Any, unbound_field: UnboundField, options: dict[str, Any]) -> Any:  # noqa: ANN401 (WTForms' own signature)
            """Bind a field, cleaning first."""
            if issubclass(unbound_field.field_class, StringField | TextAreaField):
                options = options | {"filters": [clean, *unbound_field.kwargs.get("filters", ())]}
                unbound_field.kwargs.pop("filters", None)
            return unbound_field.bind(form=form, **options)
