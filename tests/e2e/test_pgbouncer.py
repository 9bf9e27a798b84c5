"""A server with two workers, and the commands, behind a PgBouncer in transaction mode."""

from contextlib import closing
from itertools import islice
from typing import Any

from commands import run_minichat
from e2e.crowd import at_once, check_database, check_numbers, register
from e2e.streams import opened, streamed
from pgbouncer import running_pgbouncer
from postgres import migrated, shared
from servers import SECRET, serving

SENDS = 15
"""By each writer: psycopg prepares a statement after five executions."""


def test_nothing_is_refused_or_lost_behind_pgbouncer(tmp_path):
    direct = migrated()
    with running_pgbouncer(shared()) as pgbouncer:
        settings: dict[str, Any] = {
            "database_url": pgbouncer.through(direct),
            "secret_key": SECRET,
            "allowed_hosts": "127.0.0.1",
        }
        with serving(tmp_path, "--workers", "2", rate_limits="off", **settings) as server:
            people = register(server, "ann", "bob", "carl", "dora")
            room = people[0].makes_room(*people[1:])
            with closing(opened(people[0], "/api/chat/events/")) as stream:

                def converse(person):
                    for number in range(SENDS):
                        assert person.says(room, f"{number}", client_id=f"{number}").status == 201
                        assert person.call("GET", "/api/chat/rooms/").status == 200

                at_once(lambda person=person: converse(person) for person in people)
                created = (event for event in streamed(stream) if event["type"] == "message.created")
                heard = [event["data"]["seq"] for event in islice(created, SENDS * len(people))]
            assert heard == list(range(1, SENDS * len(people) + 1))
            check_numbers(people[0].history(room))
            for command in (["users", "list"], ["users", "logout", "dora"], ["db", "status"], ["prune"], ["export"]):
                result = run_minichat(tmp_path, *command, **settings)
                assert (result.returncode, result.stderr) == (0, ""), command
            assert people[3].call("GET", "/api/auth/me/").status == 401
            assert "A connection pooler" in run_minichat(tmp_path, "check", **settings).stdout
            assert "Traceback" not in server.said
    check_database(direct)
