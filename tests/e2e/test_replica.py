"""A replica that lags: it serves only reads that may be old, and the server works without it."""

import pytest

from e2e.crowd import register, wait_until
from postgres import FAST, RunningPostgres, running_postgres
from servers import SECRET, serving


@pytest.fixture(scope="module")
def primary():
    with running_postgres(*FAST) as primary:
        yield primary


@pytest.fixture(scope="module")
def replica(primary):
    replica = RunningPostgres(*FAST, replica_of=primary)
    yield replica
    replica.remove()


@pytest.fixture
def server(tmp_path, primary, replica):
    url = primary.url()
    copy = url.replace(str(primary.folder), str(replica.folder))
    settings = {"database_url": url, "replica_url": copy, "secret_key": SECRET, "allowed_hosts": "127.0.0.1"}
    with serving(tmp_path, "--workers", "1", rate_limits="off", **settings) as server:
        yield server


def found(person, query):
    return [user["username"] for user in person.get(f"/api/auth/search/?q={query}")["users"]]


def test_only_search_reads_from_a_lagging_replica(server, replica):
    ann, bob = register(server, "ann", "bob")
    wait_until(lambda: found(ann, "bob") == ["bob"], "the replica's knowing bob")
    replica.execute("SELECT pg_wal_replay_pause()")
    try:
        (carl,) = register(server, "carl")
        assert found(ann, "carl") == [], "it is read from the replica, which stands still"
        assert ann.call("PATCH", "/api/auth/profile/", {"first_name": "Anna"}).status == 200
        assert ann.get("/api/auth/me/")["first_name"] == "Anna"
        assert ann.get(f"/api/auth/users/{carl.id}/")["username"] == "carl"
        assert "carl" in [user["username"] for user in ann.get("/api/auth/users/")]
        room = ann.makes_room(bob, carl)
        assert ann.says(room, "hello").status == 201
        assert [message["content"] for message in carl.history(room)] == ["hello"]
        assert [shown["id"] for shown in carl.get("/api/chat/rooms/")] == [room]
        assert ann.get("/api/chat/messages/")[0]["content"] == "hello"
        assert len(carl.get("/api/auth/sessions/")) == 1
        assert bob.call("POST", "/api/auth/logout/").status == 200
        assert bob.call("GET", "/api/auth/me/").status == 401
    finally:
        replica.execute("SELECT pg_wal_replay_resume()")
    wait_until(lambda: found(ann, "carl") == ["carl"], "the replica's catching up")


def test_the_primary_serves_searches_while_the_replica_is_unavailable(server, replica):
    ann, _ = register(server, "ann", "bob")
    wait_until(lambda: found(ann, "bob") == ["bob"], "the replica's knowing bob")
    replica.kill()
    register(server, "carl")
    assert found(ann, "carl") == ["carl"], "the primary knows"
    replica.go_on()
    used = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'minichat'"
    wait_until(lambda: found(ann, "carl") == ["carl"] and replica.execute(used), "the replica's being used again")
    assert "the replica does not answer, so its statements run on the primary" in server.said
    assert "Traceback" not in server.said
