"""The texts in Russian, by area."""

from minichat.admin.texts.plurals import Table
from minichat.admin.texts.ru import audit, figures, messages, people, reports, rooms, second_factor, shell

AREAS: dict[str, Table] = {
    "shell": shell.TEXTS,
    "people": people.TEXTS,
    "rooms": rooms.TEXTS,
    "messages": messages.TEXTS,
    "reports": reports.TEXTS,
    "audit": audit.TEXTS,
    "figures": figures.TEXTS,
    "second_factor": second_factor.TEXTS,
}
