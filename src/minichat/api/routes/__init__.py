"""The routes, one module per capability. This is the one list of them: the app registers these, in this order."""

from minichat.api.routes import (
    auth,
    avatars,
    blocks,
    docs,
    events,
    health,
    info,
    invitations,
    message_search,
    messages,
    moderation,
    notifications,
    reactions,
    recovery,
    reports,
    rooms,
    sockets,
    sync,
    users,
    web,
)

DOCUMENTED = (
    auth.blueprint,
    recovery.blueprint,
    users.blueprint,
    rooms.blueprint,
    moderation.blueprint,
    invitations.blueprint,
    blocks.blueprint,
    messages.blueprint,
    reactions.blueprint,
    notifications.blueprint,
    reports.blueprint,
    message_search.blueprint,
    sync.blueprint,
    events.blueprint,
    sockets.blueprint,
    avatars.blueprint,
    info.blueprint,
    health.blueprint,
)
"""The API, in the order of its documentation."""
UNDOCUMENTED = (web.blueprint, docs.blueprint)
"""Pages for people."""
