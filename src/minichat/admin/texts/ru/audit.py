"""The audit log."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "title": "Журнал аудита",
    "empty": "Журнал пуст.",
    "time": "Время",
    "event": "Событие",
    "about": "О ком",
    "by": "Кто",
    "address": "Адрес",
    "client": "Клиент",
    "detail": "Подробности",
}
