"""Waiting for PostgreSQL under gevent, in a process of its own: the tests themselves run without it."""

import json
import subprocess
import sys

from postgres import shared

STORY = """
from gevent import monkey
monkey.patch_all()
import json, sys
import gevent
import psycopg
from minichat.adapters.peewee.engine.connections import Server

server = Server(sys.argv[1])
told = {}

def slow(connection):
    connection.execute("SELECT pg_sleep(0.2)")

def error_of(connection, statement):
    try:
        connection.execute(statement)
    except psycopg.OperationalError as error:
        return type(error).__name__

one, other = server.connect(), server.connect()
waiting = gevent.spawn(slow, one)
gevent.sleep(0)
told["meanwhile"] = [other.execute("SELECT %s", [number]).fetchone()[0] for number in range(9)]
told["has_waited"] = not waiting.ready()
waiting.join()
told["watchers"] = len(one._watchers._kept), len(other._watchers._kept)

one.patience_seconds = 0.1
told["silent"] = error_of(one, "SELECT pg_sleep(5)")
one.close()
told["after_close"] = len(one._watchers._kept)

new = server.connect()  # its socket may have the number of the closed one
told["is_new"] = new.execute("SELECT 7").fetchone()[0]
new.execute("SELECT pg_terminate_backend(%s::int)", [other.pgconn.backend_pid])
told["lost"] = error_of(other, "SELECT 1")
other.close()
last = server.connect()
told["is_last"] = last.execute("SELECT 8").fetchone()[0]
new.close()
last.close()
print(json.dumps(told))
"""


def test_a_connection_keeps_its_watcher_and_notices_silence_and_loss():
    command = [sys.executable, "-W", "error", "-c", STORY, shared().url()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "meanwhile": list(range(9)),
        "has_waited": True,
        "watchers": [1, 1],
        "silent": "Silence",
        "after_close": 0,
        "is_new": 7,
        "lost": "AdminShutdown",
        "is_last": 8,
    }
