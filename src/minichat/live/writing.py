"""The events of a batch of changes, by recipient. Nothing here sends them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from minichat.domain.model import LoggedChange
from minichat.live.events import Addressed, EventT, EventWriter
from minichat.live.listeners import Listener
from minichat.live.routing import small_rooms_first

Routed = Sequence[tuple[LoggedChange, Collection[Listener[EventT]]]]
"""Changes with their recipients."""


def written(writer: EventWriter[EventT], routed: Routed[EventT]) -> Mapping[Listener[EventT], list[EventT]]:
    """Write the events of changes and return those of each recipient in order. Raises Unavailable.

    The recipients are in the order in which to send to them.
    """
    outgoing: defaultdict[Listener[EventT], list[EventT]] = defaultdict(list)
    for listener in small_rooms_first(routed):
        outgoing[listener] = []
    base_urls = {listener.base_url for _, recipients in routed for listener in recipients}
    for base_url in base_urls:
        addressed = routed if len(base_urls) == 1 else _of_one_url(base_url, routed)
        batch = [Addressed(logged, {listener.user_id for listener in recipients}) for logged, recipients in addressed]
        for (_, recipients), events in zip(addressed, writer.write(batch, base_url), strict=True):
            for listener in recipients:
                event = events.get(listener.user_id)
                if event is not None:
                    outgoing[listener].append(event)
    return outgoing


def _of_one_url(base_url: str, routed: Routed[EventT]) -> Routed[EventT]:
    return [(logged, [one for one in recipients if one.base_url == base_url]) for logged, recipients in routed]
