"""The memory of a worker: small at rest, and bounded under load.

It runs on both databases, since a driver may leak, too; on PostgreSQL with fewer requests.
"""

from pathlib import Path

import pytest

from e2e.crowd import at_once, register
from scale import scaled
from servers import resident_mib, serving

PEOPLE = 8


@pytest.fixture(scope="module")
def server(tmp_path_factory, new_database):
    with serving(tmp_path_factory.mktemp("growth"), rate_limits="off", **new_database()) as server:
        yield server


def test_the_memory_of_a_worker_stays_bounded_under_mixed_requests(server):
    times = scaled(16 if isinstance(server.database, Path) else 6, 200)
    people = register(server, *(f"person{number}" for number in range(PEOPLE)))
    room = people[0].makes_room(*people[1:])

    def use(person):
        for number in range(times):
            assert person.says(room, f"message {number}").status == 201
            for path in (f"rooms/{room}/history/", "rooms/", f"messages/?room={room}", "online-users/"):
                assert person.call("GET", f"/api/chat/{path}").status == 200

    sizes = [[resident_mib(pid) for pid in server.workers]]
    for _ in range(2):
        at_once(lambda person=person: use(person) for person in people)
        sizes.append([resident_mib(pid) for pid in server.workers])
    at_rest, after, later = map(max, sizes)
    assert at_rest < 105, sizes
    assert after < 120, sizes
    assert later < after + 10, sizes
    assert "Traceback" not in server.said
