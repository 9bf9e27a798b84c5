"""Links between the areas of the administration."""

from flask import url_for

from minichat.admin.addresses import here
from minichat.admin.shown import Person, person
from minichat.domain.model import User


def to_person(user: User) -> Person:
    """Return the person with a link to their page, which leads back here. An erased account has no page."""
    return person(user, None if user.is_erased else url_for("admin_people.view", user_id=user.id, back=here()))
