"""Figures about the use of the server."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "title": "Figures",
    "period": "Period",
    "days_1": "Last 24 hours",
    "days_7": "7 days",
    "days_30": "30 days",
    "about": "Counted over all servers, by hours and days in UTC. The newest numbers are some seconds old.",
    "registrations": "Registrations",
    "registrations_about": "New accounts that people made themselves.",
    "active": "Active people",
    "active_about": "People who made a request or had the chat open.",
    "messages": "Messages",
    "messages_about": "Sent messages, in rooms and direct chats.",
    "streams": "Streams",
    "streams_about": "Opened live connections.",
    "refusals": "Refusals",
    "refusals_about": "Requests refused for wrong credentials, a missing right, or because there were too many.",
    "total": "{number} in total",
    "most_in_hour": "At most {number} in an hour",
    "most_in_day": "At most {number} in a day",
    "chart_of": "Chart: {name}, {span}.",
    "as_table": "The numbers as a table",
    "hour": "Hour (UTC)",
    "day": "Day (UTC)",
}
