"""The requests with which common clients of server-sent events resume a stream.

`make test` replays them (tests/api/test_stream_clients.py). `make slow` compares them with those of the clients
themselves (tests/foreign/test_clients.py).
"""

RESUMING: dict[str, tuple[str, dict[str, str]]] = {
    "EventSource": ("?after={start}", {"Accept": "text/event-stream", "Last-Event-ID": "{last}"}),
    "event-source-polyfill": ("?after={start}&lastEventId={last}", {"accept": "text/event-stream"}),
    "event-source-polyfill 0.0.7": ("?lastEventId={last}&r=6283185307179586", {"Accept": "text/event-stream"}),
    "event-source-polyfill in Edge": ("?lastEventId={last}&padding=true", {"Accept": "text/event-stream"}),
    "event-source-polyfill 1.0.9 with a cursor in its URL": ("?lastEventId={start}&lastEventId={last}", {}),
    "event-source-polyfill with a cursor in its headers": ("?lastEventId={last}", {"Last-Event-ID": "{start}"}),
    "event-source-polyfill set up for a Mercure hub": ("?Last-Event-Id={last}", {"Accept": "text/event-stream"}),
    "eventsource": ("?after={start}", {"accept": "text/event-stream", "last-event-id": "{last}"}),
    "eventsource-polyfill": (
        "?after={start}&evs_buffer_size_limit=262144",
        {"Accept": "text/event-stream", "Cache-Control": "no-cache", "Last-Event-Id": "{last}"},
    ),
    "eventsource-polyfill in Internet Explorer": (
        "?evs_buffer_size_limit=262144&evs_preamble=2056&evs_last_event_id={last}",
        {},
    ),
    "@microsoft/fetch-event-source": ("?after={start}", {"accept": "text/event-stream", "last-event-id": "{last}"}),
    "reconnecting-eventsource": ("?after={start}&lastEventId={last}", {"accept": "text/event-stream"}),
    "reconnecting-eventsource after a short break": (
        "?after={start}&lastEventId={start}",
        {"Accept": "text/event-stream", "Last-Event-ID": "{last}"},
    ),
    "react-native-sse": (
        "",
        {"Cache-Control": "no-cache", "X-Requested-With": "XMLHttpRequest", "Last-Event-ID": "{last}"},
    ),
    "sseclient-py": ("", {"accept": "*/*", "last-event-id": "{last}"}),
    "httpx-sse": ("", {"accept": "text/event-stream", "last-event-id": "{last}"}),
}
"""The query and the headers that a client sends by itself. {start} is the cursor in the URL that its user wrote, {last}
is the id of the last event."""
