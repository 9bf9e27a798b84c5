"""Rooms."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "title": "Rooms",
    "empty": "There are no rooms.",
    "name": "Name",
    "description": "Description",
    "private": "Private",
    "participants": "Participants",
    "messages": "Messages",
    "created": "Created",
    "active": "Last active",
    "delete": "Delete",
    "delete_title": "Delete this room?",
    "delete_text": "The room and all its messages are deleted for everybody. This can't be undone.",
    "delete_done": "The room {name} is deleted.",
}
