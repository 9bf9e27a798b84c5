"""The order of changes on PostgreSQL, where concurrent transactions commit in any order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from builders import Chat
from contract.backends import postgres
from minichat.adapters.memory import PlainCharacters
from minichat.domain.message_words import message_query
from minichat.domain.model import MAX_ID, ChangeKind, NewMessage, ReadableRoom

PATIENCE = 20


@pytest.fixture
def backend(tmp_path):
    with postgres(tmp_path) as backend:
        yield backend


@contextmanager
def writing(ports, room, user, content):
    """A transaction in another thread that has written a message and commits when the block ends."""
    has_written, may_end = threading.Event(), threading.Event()

    def write():
        with ports.transaction(room=room.id):
            ports.message_store.append(NewMessage(room.id, user.id, content, 1, None))
            has_written.set()
            assert may_end.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        try:
            assert has_written.wait(PATIENCE)
            yield
        finally:
            may_end.set()
            written.result(PATIENCE)


def test_concurrent_messages_of_a_room_are_logged_in_the_order_of_their_seq(backend):
    chat = Chat(backend.ports, backend.clock)
    [ann] = chat.people("ann")
    room = ann.makes_room()
    with ThreadPoolExecutor(8) as pool:
        for sent in [
            pool.submit(chat.services.messaging.send, ann.user, room.id, f"{number}") for number in range(400)
        ]:
            sent.result(PATIENCE)
    ids = [message.id for message in backend.ports.message_store.after(room.id, 0, 1_000)]
    assert len(ids) == 400
    assert [change.message_id for change in backend.log() if change.kind == ChangeKind.MESSAGE_CREATED] == ids


def test_a_search_finds_a_message_while_an_older_transaction_runs(backend, ann, add_room):
    ports = backend.ports
    room, other = add_room(ann), add_room(ann)
    readable = [ReadableRoom(where.id, 0, MAX_ID) for where in (room, other)]

    def found():
        with ports.snapshot():
            page = ports.message_index.search(message_query("tea", PlainCharacters()), readable, 10)
        return [message.content for message in page.messages]

    with writing(ports, room, ann, "tea 1"):
        with ports.transaction(room=other.id):
            ports.message_store.append(NewMessage(other.id, ann.id, "tea 2", 1, None))
        assert found() == ["tea 2"]
    assert found() == ["tea 2", "tea 1"]


def test_a_reader_across_rooms_never_passes_a_message_that_is_not_yet_committed(backend, ann, bob, add_room):
    ports = backend.ports
    room, other = add_room(ann), add_room(ann, bob)

    def read():
        return [message.content for message in ports.message_store.latest_after(ann.id, 0, 10)]

    with ExitStack() as begun:
        with ports.transaction(room=other.id):
            ports.user_store.seen(bob.id, 5)  # it begins before the other, and ends before it
            begun.enter_context(writing(ports, room, ann, "first"))
            ports.message_store.append(NewMessage(other.id, bob.id, "second", 1, None))
        assert read() == []
    assert read() == ["first", "second"]
