"""People: the list, the page of one account and its actions."""

from minichat.admin.texts.plurals import Table, counted

TEXTS: Table = {
    "title": "People",
    "search": "Part of a name",
    "odd_query": "This search contains characters that no name has.",
    "nobody": "Nobody matches.",
    "username": "Username",
    "name": "Name",
    "state": "State",
    "joined": "Joined",
    "last_seen": "Last seen",
    "active": "active",
    "disabled": "disabled",
    "superuser": "superuser",
    "account": "Account",
    "disable": "Disable",
    "disable_title": "Disable {name}?",
    "disable_text": "All their sessions end at once, and they can't log in until you enable the account again. "
    "Their messages and rooms stay.",
    "disable_done": "{name} is disabled and logged out everywhere.",
    "enable": "Enable",
    "enable_title": "Enable {name}?",
    "enable_text": "They can log in again with their password.",
    "enable_done": "{name} can log in again.",
    "log_out": "Log out",
    "log_out_title": "Log {name} out everywhere?",
    "log_out_text": "All their sessions end at once. They can log in again.",
    "log_out_done": counted(
        "{name} is logged out everywhere: {count} session has ended.",
        "{name} is logged out everywhere: {count} sessions have ended.",
    ),
}
