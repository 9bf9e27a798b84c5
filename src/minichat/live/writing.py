"""The events of a batch of changes, by recipient. Nothing here sends them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from minichat.domain.model import LoggedChange
from minichat.live.events import Addressed, EventT, EventWriter
from minichat.live.listeners import Listener
from minichat.live.routing import small_rooms_first


def written(
    writer: EventWriter[EventT], routed: Sequence[tuple[LoggedChange, Collection[Listener[EventT]]]]
) -> Mapping[Listener[EventT], list[EventT]]:
    """Write the events of changes and return them by recipient, in order. Raises Unavailable."""
    outgoing: defaultdict[Listener[EventT], list[EventT]] = defaultdict(list)
    for listener in small_rooms_first(routed):
        outgoing[listener] = []
    for base_url in {listener.base_url for _, recipients in routed for listener in recipients}:
        addressed = [
            Addressed(logged, {one.user_id for one in recipients if one.base_url == base_url})
            for logged, recipients in routed
        ]
        for (_, recipients), events in zip(routed, writer.write(addressed, base_url), strict=True):
            for listener in recipients:
                event = events.get(listener.user_id)
                if event is not None and listener.base_url == base_url:
                    outgoing[listener].append(event)
    return outgoing
