"""Kept WebSockets: events are sent at once and in order, however slowly the client reads, and every end is noticed."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Ping, Pong, TextMessage

from api.client import HANDSHAKE, Chat
from api.conftest import Stages
from minichat.adapters.clients import Connections
from minichat.api import keeper as keeping
from minichat.api.context import context
from minichat.api.conversation import Conversation
from minichat.api.events import JsonEvent
from minichat.api.keeper import Keeper
from minichat.api.kept_sockets import KeptSocket
from minichat.api.websocket import Socket
from minichat.domain.changes import Subscription
from minichat.live.listeners import MAX_QUEUED, EndReason, Listener

TIMEOUT_SECONDS = 10


def wait_until(is_reached: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT_SECONDS
    while not is_reached():
        assert time.monotonic() < until
        time.sleep(0.001)


class Kept:
    """A kept WebSocket with the client's end of its connection."""

    def __init__(self, chat: Chat, keeper: Keeper, connections: Connections) -> None:
        server, self.client = socket.socketpair()
        for end in (server, self.client):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
            end.settimeout(TIMEOUT_SECONDS)
        self.was_closed = threading.Event()
        self.keeper = keeper
        self._protocol = Connection(ConnectionType.CLIENT)
        environ = {"gunicorn.socket": server, "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.multithread": True}
        with chat.app.test_request_context("/ws/chat/", headers=HANDSHAKE, environ_overrides=environ) as request:
            position = context().services.change_log.end()
            self.listener: Listener[JsonEvent] = Listener(Subscription(1, position, {1}), 1, 2**50, "http://a.example")
            hub = context().hub
            hub.admit(self.listener)
            watch = connections.watch(request.request.environ, self.listener.end)

            def close() -> None:
                hub.remove(self.listener)
                watch.stop()
                self.was_closed.set()

            conversation = Conversation(Socket(), self.listener, None, must_resync=False)
            KeptSocket(keeper, conversation, watch.take_over(), close).begin()
        server.close()  # as the web server does
        wait_until(lambda: self.listener.is_parked)

    def sends(self, event: Event) -> None:
        self.client.sendall(self._protocol.send(event))

    def receives(self) -> Iterator[Event]:
        """Yield all that arrives until the end of the connection."""
        yield from self._protocol.events()  # that an earlier call has left
        while data := self.client.recv(65_536):
            self._protocol.receive_data(data)
            yield from self._protocol.events()

    def texts(self, count: int) -> list[str]:
        """Return so many text messages."""
        found, part = [], ""
        for event in self.receives():
            assert isinstance(event, TextMessage), event
            part += event.data
            if event.message_finished:
                found.append(part)
                part = ""
            if len(found) == count:
                break
        return found


MakeSocket = Callable[[], Kept]


@pytest.fixture(scope="module")
def chat(stages: Stages) -> Chat:
    """An app of its own, because its hub keeps a connection to the database."""
    chat = stages.new("sqlite").chat()
    chat.person("ann")  # whose session is that of the listeners
    return chat


@pytest.fixture
def make_socket(chat: Chat) -> Iterator[MakeSocket]:
    keeper, connections = Keeper(), Connections()
    made: list[Kept] = []

    def make() -> Kept:
        made.append(Kept(chat, keeper, connections))
        return made[-1]

    yield make
    for kept in made:
        kept.client.close()
        assert kept.was_closed.wait(TIMEOUT_SECONDS)
    assert keeper.count == 0


def event(number: int, size: int = 10) -> JsonEvent:
    return JsonEvent("typing", None, b'{"number":%d,"filler":"%b"}' % (number, b"x" * size))


def test_events_are_sent_as_messages(make_socket: MakeSocket) -> None:
    kept = make_socket()
    events = [event(1), event(2), event(3)]
    kept.listener.send(events[:2])
    kept.listener.send(events[2:])
    assert kept.texts(3) == [one.json.decode() for one in events]
    assert kept.keeper.count == 1


def test_a_client_that_reads_late_receives_everything_in_order(make_socket: MakeSocket) -> None:
    late, other = make_socket(), make_socket()
    events = [event(number, 3_000) for number in range(MAX_QUEUED // 2)]
    for one in events:
        late.listener.send([one])
    other.listener.send([event(1)])
    assert other.texts(1) == [event(1).json.decode()], "a slow client delays no other"
    assert late.texts(len(events)) == [one.json.decode() for one in events]
    late.listener.send([event(1)])
    assert late.texts(1) == [event(1).json.decode()]


def test_an_answer_to_the_client_interrupts_no_event(make_socket: MakeSocket) -> None:
    kept = make_socket()
    count = 100
    pings = b"".join(Connection(ConnectionType.CLIENT).send(Ping(b"%d" % number)) for number in range(count))
    asking = threading.Thread(target=kept.client.sendall, args=(pings,))
    asking.start()
    for number in range(count):
        kept.listener.send([event(number, 3_000)])
    received = list(zip(range(2 * count), (one for one in kept.receives() if is_complete(one)), strict=False))
    pongs = [int(one.payload) for _, one in received if isinstance(one, Pong)]
    assert pongs == list(range(count))
    assert len(received) == 2 * count
    asking.join()


def is_complete(event: Event) -> bool:
    return not isinstance(event, TextMessage) or event.message_finished


def test_a_client_that_reads_nothing_is_too_slow(make_socket: MakeSocket) -> None:
    kept = make_socket()
    for number in range(MAX_QUEUED * 2):
        kept.listener.send([event(number, 3_000)])
    assert kept.listener.end_reason is EndReason.TOO_SLOW


def test_the_end_of_the_listener_closes_the_socket(make_socket: MakeSocket) -> None:
    kept = make_socket()
    kept.listener.send([event(1)])
    kept.listener.end(EndReason.STOPPING)
    kept.listener.send([event(2)])
    assert kept.texts(1) == [event(1).json.decode()]
    goodbye = next(kept.receives())
    assert isinstance(goodbye, CloseConnection)
    assert (goodbye.code, goodbye.reason) == (1001, "stopping")
    assert not kept.was_closed.is_set(), "the client may answer"
    kept.sends(goodbye.response())
    assert list(kept.receives()) == []
    assert kept.was_closed.wait(TIMEOUT_SECONDS)


def test_a_client_that_closes_gets_an_answer(make_socket: MakeSocket) -> None:
    kept = make_socket()
    kept.sends(CloseConnection(1000))
    assert [type(one) for one in kept.receives()] == [CloseConnection]
    assert kept.was_closed.wait(TIMEOUT_SECONDS)


def test_a_client_that_has_gone_is_noticed_without_an_event(make_socket: MakeSocket) -> None:
    kept = make_socket()
    kept.client.close()
    assert kept.was_closed.wait(TIMEOUT_SECONDS)
    assert kept.listener.end_reason is EndReason.CLIENT_GONE


def test_quiet_sockets_get_pings(make_socket: MakeSocket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "HEARTBEAT_SECONDS", 0.01)
    for kept in [make_socket(), make_socket()]:
        assert isinstance(next(kept.receives()), Ping)
        kept.sends(Pong())
        kept.listener.send([event(1)])
        assert isinstance(next(one for one in kept.receives() if not isinstance(one, Ping)), TextMessage)


def test_frames_too_large_end_the_connection_of_a_client_that_stays(make_socket: MakeSocket) -> None:
    kept = make_socket()
    threading.Thread(target=kept.sends, args=(TextMessage("x" * 65_537),)).start()
    goodbye = next(kept.receives())
    assert isinstance(goodbye, CloseConnection)
    assert goodbye.reason == "frame_too_large"
    wait_until(lambda: kept.listener.has_ended)


def test_a_listener_that_has_ended_does_not_park() -> None:
    """The transport reads the end from the queue, and only later looks why it woke up."""
    listener: Listener[JsonEvent] = Listener(Subscription(1, (0,), {1}), 1, 2**50, "http://a.example")
    listener.end()
    assert listener.receive(0) == []
    assert not listener.park(lambda: None)
