"""Forms: each has a hidden token of the administrator's session, and shows the errors of the domain at its fields.

Labels and descriptions are keys of texts.
"""

from flask_admin.form import SecureForm

from minichat.api.texts import sentence
from minichat.domain.errors import InvalidInput


class Form(SecureForm):  # type: ignore[misc]  # Flask-Admin's types are not exported
    """A form without fields serves buttons."""

    class Meta(SecureForm.Meta):  # type: ignore[misc]
        csrf_time_limit = None
        """A form is valid as long as the sign-in: it lasts for hours, and the clocks of two hosts may differ."""

    @property
    def is_genuine(self) -> bool:
        """Whether a page of this sign-in has sent the form."""
        self.validate()
        return not self.csrf_token.errors

    def refuse(self, error: InvalidInput) -> None:
        """Show the issues at their fields; those of no field are errors of the form."""
        for name, issues in error.issues.items():
            sentences = [sentence(issue.code, **issue.limits) for issue in issues]
            if name in self:
                self[name].errors = [*self[name].errors, *sentences]
            else:
                self.form_errors.extend(sentences)
