"""The contract tests of the ports: each test runs on every set of ports."""

import pytest

from builders import Chat
from contract.backends import BACKENDS, sqlite_in
from contract.redises import Redises
from folders import fast_folder
from minichat.domain.model import NewRoom, NewUser, Role, RoomKind
from servers import running_redis


@pytest.fixture
def tmp_path():
    """A folder in memory, which is fast. No test here needs data that survives a crash of the machine."""
    with fast_folder() as folder:
        yield folder


@pytest.fixture(params=BACKENDS)
def backend(request, tmp_path):
    # Connections of ended threads may outlive their test, so a test with threads shares no file with the next one.
    has_threads = request.node.get_closest_marker("threads") is not None
    open_backend = sqlite_in if request.param == "sqlite" and has_threads else BACKENDS[request.param]
    with open_backend(tmp_path) as opened:
        yield opened


@pytest.fixture
def ports(backend):
    return backend.ports


@pytest.fixture
def clock(backend):
    return backend.clock


@pytest.fixture
def redises(tmp_path):
    with running_redis(tmp_path) as server:
        yield Redises(server)


@pytest.fixture
def chat(backend):
    """All services on the ports."""
    return Chat(backend.ports, backend.clock)


@pytest.fixture
def add_user(ports):
    """Add an account by port: `add_user("ann")`."""

    def add(name, **given):
        new = NewUser(name, name.casefold(), f"hash of {name}", "", "", "", joined_at=1_000)
        with ports.transaction():
            return ports.user_store.add(new._replace(**given))

    return add


@pytest.fixture
def ann(add_user):
    return add_user("ann")


@pytest.fixture
def bob(add_user):
    return add_user("bob")


@pytest.fixture
def carl(add_user):
    return add_user("carl")


@pytest.fixture
def add_room(ports):
    """Add a room with participants by port: `add_room(ann, bob, name="Tea")`; the first one owns it."""

    def add(*users, name="Room", description="", is_private=False, at=1_000):
        with ports.transaction():
            room = ports.room_store.add(NewRoom(name, description, RoomKind.GROUP, is_private, at))
            for number, user in enumerate(users):
                ports.membership_store.add(room.id, user.id, Role.MEMBER if number else Role.OWNER, 0)
        return room

    return add


@pytest.fixture
def room(add_room, ann, bob):
    """A room of ann and bob."""
    return add_room(ann, bob)
