"""The texts in Russian, by area."""

from minichat.admin.texts.plurals import Table
from minichat.admin.texts.ru import audit, people, rooms, second_factor, shell

AREAS: dict[str, Table] = {
    "shell": shell.TEXTS,
    "people": people.TEXTS,
    "rooms": rooms.TEXTS,
    "audit": audit.TEXTS,
    "second_factor": second_factor.TEXTS,
}
