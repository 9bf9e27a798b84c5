"""The audit log."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "title": "Audit log",
    "empty": "The log is empty.",
    "time": "Time",
    "event": "Event",
    "about": "About",
    "by": "By",
    "address": "From",
    "client": "Client",
    "detail": "Detail",
}
