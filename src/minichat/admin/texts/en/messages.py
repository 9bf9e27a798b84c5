"""Messages of a room, and the reason for reading them."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "title": "Messages",
    "title_of": "Messages of {name}",
    "open_title": "Read the messages of {name}",
    "open_text": "The room opens for you for 15 minutes. Your reason and every page that you view are recorded in the "
    "audit log.",
    "reason": "Reason",
    "reason_hint": "For example: report 12 names spam in this room. 3 to 500 characters.",
    "open": "Open the room",
    "open_until": "Open for you until",
    "recorded": "Each page that you view is recorded in the audit log.",
    "close": "Close the room",
    "close_title": "Close the room?",
    "close_text": "You can open it again with another reason.",
    "close_done": "The room is closed.",
    "older": "Older",
    "newer": "Newer",
    "newest": "To the newest",
    "empty": "Nobody has written here yet.",
    "edited": "edited",
    "deleted": "This message is deleted.",
    "marked": "reported",
    "list": "Messages, the oldest first",
    "delete": "Delete",
    "delete_title": "Delete this message?",
    "delete_text": "It disappears for everybody at once. This can't be undone.",
    "delete_done": "The message is deleted.",
    "author": "Author",
    "sent": "Sent",
    "content": "Text",
}
