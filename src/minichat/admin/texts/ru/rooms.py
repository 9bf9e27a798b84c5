"""Rooms."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "title": "Комнаты",
    "empty": "Комнат пока нет.",
    "name": "Название",
    "description": "Описание",
    "private": "Закрытая",
    "participants": "Участники",
    "messages": "Сообщения",
    "created": "Создана",
    "active": "Последняя активность",
    "delete": "Удалить",
    "delete_title": "Удалить комнату?",
    "delete_text": "Комната и все её сообщения исчезнут у всех. Отменить это нельзя.",
    "delete_done": "Комната «{name}» удалена.",
}
