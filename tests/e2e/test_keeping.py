"""The operator's commands beside a running server: accounts, the audit log, and retention."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from commands import run_minichat
from e2e.crowd import PASSWORD, call, check_database, check_whole, execute, meanwhile, register, rows, wait_until
from servers import BIN, child, database_of, environment, serving, sqlite_file_of

ENOUGH = 12
"""So many new connections that they reach both workers, except once in two thousand times."""
DAY = 86_400_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("keeping")


@pytest.fixture(scope="module")
def settings(new_database):
    return new_database()


@pytest.fixture(scope="module")
def server(folder, settings):
    with serving(folder, "--workers", "2", **settings) as server:
        yield server


@pytest.fixture
def minichat(folder, settings):
    """Run a command beside the server; return its output."""

    def command(*args, says=""):
        result = run_minichat(folder, *args, says=says, **settings)
        assert (result.returncode, result.stderr) == (0, ""), result
        return result.stdout

    return command


@pytest.fixture
def failure(folder, settings):
    """Run a command that fails; return its message."""

    def command(*args, says=""):
        result = run_minichat(folder, *args, says=says, **settings)
        assert (result.returncode, result.stdout) == (1, ""), result
        [sentence] = result.stderr.splitlines()
        return sentence

    return command


def log_in(server, name, password=PASSWORD):
    return call(server, "POST", "/api/auth/login/", {"username": name, "password": password})


def answers(person):
    """The answers of all workers to the person's tokens."""
    access = [person.call("GET", "/api/auth/me/") for _ in range(ENOUGH)]
    refresh = [call(person.server, "POST", "/api/auth/token/refresh/", {"refresh": person.refresh}) for _ in range(3)]
    return {(answer.status, answer.json.get("code")) for answer in access + refresh}


def test_a_disabled_account_is_refused_at_once_on_every_worker_until_it_is_enabled(server, minichat):
    (ann,) = register(server, "disabled")
    assert minichat("users", "disable", "DISABLED") == "disabled is disabled.\n"
    assert answers(ann) == {(401, "session_ended")}
    refused = {(answer.status, answer.json["code"]) for answer in (log_in(server, "disabled") for _ in range(3))}
    assert refused == {(401, "invalid_credentials")}
    assert minichat("users", "disable", "disabled") == "disabled was already disabled.\n"
    assert minichat("users", "enable", "disabled") == "disabled is enabled.\n"
    assert minichat("users", "enable", "disabled") == "disabled was already enabled.\n"
    assert answers(ann) == {(401, "session_ended")}
    assert log_in(server, "disabled").status == 200


def test_the_requests_of_a_disabled_user_end_in_401_and_never_in_500(server, minichat):
    (ann,) = register(server, "busy")
    room = ann.makes_room()
    statuses = set()

    def do():
        statuses.add(ann.says(room, "hello").status)
        statuses.add(ann.call("GET", "/api/chat/rooms/").status)

    with meanwhile(do, times=4):
        wait_until(lambda: statuses == {200, 201}, "some traffic")
        minichat("users", "disable", "busy")
        wait_until(lambda: 401 in statuses, "the end")
    assert statuses == {200, 201, 401}


def test_an_operator_ends_the_sessions_of_an_account(server, minichat):
    (ann,) = register(server, "left-open")
    assert minichat("users", "logout", "left-open") == "left-open is logged out. Ended sessions: 1.\n"
    assert answers(ann) == {(401, "session_ended")}
    assert log_in(server, "left-open").status == 200


def test_an_operator_sets_a_password(server, minichat, failure):
    (ann,) = register(server, "forgetful")
    message = failure("users", "password", "forgetful", "--password-stdin", says="short\n")
    assert message.startswith("The password was not changed. password: ")
    said = minichat("users", "password", "forgetful", "--password-stdin", says="staple battery horse\n")
    assert said == "forgetful has a new password and is logged out of all sessions.\n"
    assert answers(ann) == {(401, "session_ended")}
    assert log_in(server, "forgetful").status == 401
    assert log_in(server, "forgetful", "staple battery horse").status == 200


@pytest.mark.parametrize("command", ["disable", "enable", "logout", "password", "totp-reset"])
def test_an_unknown_name_is_reported(server, failure, command):
    args = ["--password-stdin"] if command == "password" else []
    assert (
        failure("users", command, *args, "nobody\x1b[2J", says=PASSWORD) == "There is no account named nobody\\x1b[2J."
    )
    assert failure("audit", "--user", "nobody") == "There is no account named nobody."


@pytest.mark.parametrize("command", [["prune"], ["audit"], ["users", "list"], ["users", "disable", "ann"]])
def test_a_missing_database_is_reported(tmp_path, command):
    result = run_minichat(tmp_path, *command)
    assert result.returncode == 1
    assert result.stderr.startswith("There is no database ")
    assert not sqlite_file_of(tmp_path).exists()


def test_accounts_are_listed(server, minichat):
    register(server, "listed-one", "listed-two")
    minichat("users", "disable", "listed-two")
    time_ = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    found = minichat("users", "list", "--query", "LISTED")
    assert re.fullmatch(
        rf"active     {time_}  {time_}  +\d+  listed-one\ndisabled   {time_}  {time_}  +\d+  listed-two\n", found
    )
    assert set(found.splitlines()) <= set(minichat("users", "list").splitlines())


def test_the_audit_log_lists_entries_with_the_newest_last(server, minichat):
    (ann,) = register(server, "watched")
    log_in(server, "watched", "wrong password")
    minichat("users", "logout", "watched")
    lines = [re.split(r" {2,}", line) for line in minichat("audit", "--user", "Watched").splitlines()]
    assert [line[1] for line in lines] == ["account.registered", "session.refused", "session.revoked"]
    assert {line[2] for line in lines} == {"watched"}
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)
    assert "from 127.0.0.1" in lines[1]
    assert lines[2][3:] == ["by -", "ended=1"]
    [newest] = minichat("audit", "--limit", "1", "--json").splitlines()
    entry = json.loads(newest)
    assert (entry["event"], entry["user"], entry["user_id"], entry["by"], entry["detail"]) == (
        "session.revoked",
        "watched",
        ann.id,
        None,
        {"ended": 1},
    )
    refused = minichat("audit", "--event", "session.refused", "--json").splitlines()
    assert {json.loads(line)["event"] for line in refused} == {"session.refused"}


def test_a_user_agent_cannot_send_control_characters_to_the_terminal(server, minichat):
    agent = "Evil/1.0 \x1b]0;pwned\x07 \x9b2J \u202etxt"
    body = json.dumps({"username": "hostile", "password": PASSWORD}).encode()
    server.send(
        b"POST /api/auth/register/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        + b"Content-Type: application/json\r\nContent-Length: %d\r\nUser-Agent: " % len(body)
        + agent.replace("\x1b", "\t").replace("\x07", "").encode()
        + b"\r\n\r\n"
        + body
    )
    for shown in (minichat("audit", "--user", "hostile"), minichat("audit", "--user", "hostile", "--json")):
        assert "Evil/1.0" in shown
        assert shown.replace("\n", "").isprintable()


def test_prune_under_writers_removes_only_expired_data(server, minichat):
    ann, bob = register(server, "pruning", "pruned")
    kept, removed = ann.makes_room(bob), ann.makes_room(bob)
    for number in range(3):
        ann.says(removed, str(number))
    assert ann.call("DELETE", f"/api/chat/rooms/{removed}/").status == 204
    long_ago = time.time_ns() // 1_000_000 - 200 * DAY
    make_old(server.database, removed, long_ago)
    said: list[Any] = []

    def say():
        text = f"message {len(said)}"
        assert ann.says(kept, text).status == 201
        said.append(text)

    with meanwhile(say):
        first = removed_by(minichat("prune"))
        wait_until(lambda: len(said) > 20, "some messages")
    assert first["rows of removed rooms"] == 3 + 2 + len("kitchen") + 1  # its name is found by each ending
    assert first["changes"] == 20_000
    assert first["expired refresh tokens"] == 2_000
    assert first["rows of sessions that ended more than 90 days ago"] == 1_000
    assert first["audit entries"] == 0
    assert [message["content"] for message in ann.history(kept)] == said
    assert answers(bob) >= {(200, None)}
    assert set(removed_by(minichat("prune")).values()) == {0}
    check_whole(server.database)


def test_two_concurrent_prune_commands_share_the_work(tmp_path, database):
    fill(tmp_path, database)
    with start(tmp_path, database) as one, start(tmp_path, database) as other:
        removed = [removed_by(process.communicate(timeout=60)[0]) for process in (one, other)]
        assert (one.returncode, other.returncode) == (0, 0)
    assert sum(counts["changes"] for counts in removed) == 20_000
    check_database(database_of(tmp_path, **database))


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM], ids=lambda by: by.name)
def test_a_killed_prune_leaves_a_consistent_database_and_the_next_run_continues(tmp_path, database, by):
    fill(tmp_path, database)
    with start(tmp_path, database) as process:
        wait_until(lambda: left(tmp_path, database) < 19_000, "the beginning")
        process.send_signal(by)
        process.wait(20)
    still = left(tmp_path, database)
    assert 0 < still < 19_000
    check_database(database_of(tmp_path, **database))
    again = run_minichat(tmp_path, "prune", **database)
    assert removed_by(again.stdout)["changes"] == still
    check_database(database_of(tmp_path, **database))


def start(folder, settings):
    """Prune in a process, which is killed when the block ends."""
    command: list[str | Path] = [BIN / "minichat", "prune"]
    return child(command, folder, env=environment(**settings), stdout=subprocess.PIPE, text=True)


def left(folder, settings):
    [(count,)] = rows(database_of(folder, **settings), "SELECT count(*) FROM change")
    return count


def removed_by(said):
    """Return the counts that `prune` printed, by kind."""
    return {kind: int(count) for count, kind in (line.split(maxsplit=1) for line in said.splitlines())}


def fill(folder, settings):
    """Create a database with 20,000 expired changes."""
    assert run_minichat(folder, "db", "upgrade", **settings).returncode == 0
    execute(
        database_of(folder, **settings),
        f"{counting(20_000)} INSERT INTO change (kind, room_id, at) SELECT 'room.updated', 1, i FROM n",
    )


def make_old(database, room, at):
    """Mark the room as removed at `at`, and add equally old changes and sessions with tokens."""
    execute(database, f"UPDATE room SET deleted_at = {at} WHERE id = {room}")
    # Insert them before the server's own changes: on PostgreSQL the log is in the order of transactions.
    place = "xid", "3"
    if not isinstance(database, str):
        execute(database, "UPDATE change SET id = id + 20000")
        place = "id", "i"
    execute(
        database,
        f"{counting(20_000)} INSERT INTO change ({place[0]}, kind, room_id, at) "
        f"SELECT {place[1]}, 'room.updated', 1, {at} FROM n",
    )
    execute(
        database,
        f"{counting(1_000)} "
        "INSERT INTO session (user_id, created_at, last_used_at, expires_at, user_agent, ip, network) "
        f"SELECT 1, {at}, {at}, {at}, '', '', '' FROM n",
    )
    execute(
        database,
        "INSERT INTO refresh_token (jti_hash, session_id, issued_at, expires_at) "
        "SELECT id || copy, id, expires_at, expires_at FROM session, (SELECT 'a' AS copy UNION SELECT 'b') AS copies "
        f"WHERE expires_at = {at}",
    )


def counting(most):
    """Return the start of an INSERT that selects the numbers 1 to `most` from a table `n`."""
    return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
