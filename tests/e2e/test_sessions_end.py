"""Sessions and throttling over two workers and through kills: a decision applies everywhere and persists.

The database decides, so the tests run on both kinds.
"""

import signal

import pytest

from e2e.crowd import PASSWORD, at_once, call, register, wait_until
from minichat.domain.throttling import FREE_FAILURES
from servers import serving

ENOUGH = 12
"""So many new connections that they reach both workers, except once in two thousand times."""


@pytest.fixture(scope="module")
def server(tmp_path_factory, new_database):
    with serving(tmp_path_factory.mktemp("accounts"), "--workers", "2", **new_database()) as server:
        yield server


def log_in(server, name, password=PASSWORD):
    return call(server, "POST", "/api/auth/login/", {"username": name, "password": password})


def refresh(server, token):
    return call(server, "POST", "/api/auth/token/refresh/", {"refresh": token})


def fails(server):
    """Log in with a wrong password; return the Retry-After in seconds, or 0."""
    answer = log_in(server, "ann", "wrong password")
    return 0 if answer.status == 401 else int(answer.headers["Retry-After"])


def answers_of_all_workers(server, token):
    return {call(server, "GET", "/api/auth/me/", token=token).status for _ in range(ENOUGH)}


def test_a_revoked_session_is_over_on_every_worker_at_once(server):
    (ann,) = register(server, "revoking")
    phone = log_in(server, "revoking").json["tokens"]
    assert answers_of_all_workers(server, phone["access"]) == {200}
    assert ann.call("DELETE", "/api/auth/sessions/").status == 204
    assert answers_of_all_workers(server, phone["access"]) == {401}
    assert {refresh(server, phone["refresh"]).status for _ in range(ENOUGH)} == {401}
    assert answers_of_all_workers(server, ann.token) == {200}


def test_a_password_change_ends_the_other_sessions_on_every_worker_at_once(server):
    (ann,) = register(server, "changing")
    phone = log_in(server, "changing").json["tokens"]
    body = {"old_password": PASSWORD, "new_password": "staple battery horse"}
    assert ann.call("POST", "/api/auth/change-password/", body).status == 200
    assert answers_of_all_workers(server, phone["access"]) == {401}
    assert {refresh(server, phone["refresh"]).status for _ in range(ENOUGH)} == {401}


def test_only_the_first_few_of_many_concurrent_password_guesses_are_checked(server):
    register(server, "guessed")
    guesses = [lambda: log_in(server, "guessed", "wrong password") for _ in range(20)]
    statuses = sorted(answer.status for answer in at_once(guesses))
    looked_at = statuses.count(401)
    assert statuses == [401] * looked_at + [429] * (20 - looked_at)
    # With slow hashing, the first waits (1 s, 2 s, 4 s) end before the last guess is checked.
    assert FREE_FAILURES <= looked_at <= FREE_FAILURES + 3


@pytest.fixture(scope="module")
def killed(tmp_path_factory, new_database):
    """A server that was killed at once after five wrong passwords for Ann and the ends of sessions, and started again.

    The sessions have ended by a stolen token and by a log-out.
    """
    folder, database = tmp_path_factory.mktemp("killed"), new_database()
    with serving(folder, **database) as server:
        thief, bob = register(server, "robbed", "bob")
        newer = refresh(server, thief.refresh).json
        newest = refresh(server, newer["refresh"]).json
        assert refresh(server, thief.refresh).json["code"] == "token_reused"
        assert bob.call("POST", "/api/auth/logout/").status == 200
        register(server, "ann")
        assert [fails(server) for _ in range(FREE_FAILURES)] == [0] * FREE_FAILURES
        assert fails(server) == 1
        server.stop(signal.SIGKILL)
    with serving(folder, **database) as server:
        yield server, (newer, newest, {"access": bob.token, "refresh": bob.refresh})


def test_the_wait_after_wrong_passwords_survives_a_kill(killed):
    server, _ = killed
    wait_until(lambda: fails(server) == 0, "the end of the wait")
    assert fails(server) == 2


def test_an_ended_session_stays_ended_after_an_immediate_kill(killed):
    server, ended = killed
    for tokens in ended:
        assert call(server, "GET", "/api/auth/me/", token=tokens["access"]).json["code"] == "session_ended"
        assert refresh(server, tokens["refresh"]).json["code"] == "session_ended"
