"""Concurrent writers share a commit. They are greenlets, so each test runs in a separate process."""

import subprocess
import sys
import textwrap

import pytest

PREAMBLE = """
from gevent import monkey
monkey.patch_all()
import gevent
from minichat.adapters.peewee import open_database
from minichat.adapters.peewee.operations import migrate
from minichat.domain.errors import Unavailable

database = open_database("sqlite:///chat.sqlite3")
migrate.upgrade(database)
commits = []

class Counting:
    def __init__(self, connection):
        self.connection = connection
    def __getattr__(self, name):
        return getattr(self.connection, name)
    def execute(self, sql, *values):
        if sql == "COMMIT":
            commits.append(sql)
        return self.connection.execute(sql, *values)

shared = database._shared
writer = Counting(shared("writer"))
database._shared = lambda use: writer if use == "writer" else shared(use)

def add(name):
    database.execute_sql(
        "INSERT INTO user (username, username_key, password_hash, joined_at) VALUES (?, ?, 'h', 1)", (name, name)
    )

def names():
    return sorted(row[0] for row in database.execute_sql("SELECT username FROM user").fetchall())

def outcomes(functions):
    greenlets = [gevent.spawn(function) for function in functions]
    gevent.joinall(greenlets)
    return [greenlet.exception or greenlet.value for greenlet in greenlets]
"""


@pytest.fixture
def run(tmp_path):
    def run(story):
        script = PREAMBLE + textwrap.dedent(story)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return run


def test_concurrent_writers_share_commits_and_lose_no_write(run):
    run("""
        def write(number):
            with database.writing():
                add(f"user{number:02}")
        outcomes([lambda number=number: write(number) for number in range(40)])
        assert names() == [f"user{number:02}" for number in range(40)]
        assert len(commits) == 1, commits
    """)


def test_a_failed_member_raises_its_error_and_does_not_affect_the_group(run):
    run("""
        def write(name):
            with database.writing():
                add(name)
                if name in {"first", "third"}:
                    raise LookupError(name)
        found = outcomes([lambda name=name: write(name) for name in ("first", "second", "third", "fourth")])
        assert [type(outcome) for outcome in found] == [LookupError, type(None), LookupError, type(None)], found
        assert names() == ["fourth", "second"]
    """)


def test_no_writer_returns_before_the_commit(run):
    run("""
        told = []
        def write(name):
            with database.writing():
                add(name)
            told.append((name, len(commits), len(names())))
        outcomes([lambda name=name: write(name) for name in "abc"])
        assert sorted(told) == [(name, 1, 3) for name in "abc"], told
    """)


def test_a_failed_commit_raises_for_every_writer_and_writes_nothing(run):
    run("""
        from peewee import OperationalError
        execute = Counting.execute
        def full(self, sql, *values):
            if sql == "COMMIT":
                raise OperationalError("database or disk is full")
            return execute(self, sql, *values)
        def write(name, error=None):
            with database.writing():
                add(name)
                if error:
                    raise error
        Counting.execute = full
        found = outcomes([lambda: write("a"), lambda: write("b"), lambda: write("c", LookupError())])
        assert [type(outcome) for outcome in found] == [Unavailable] * 3, found
        assert names() == []
        Counting.execute = execute
        assert outcomes([lambda: write("a"), lambda: write("b")]) == [None, None]
        assert names() == ["a", "b"]
    """)


def test_a_full_disk_is_reported_and_writing_works_again_afterwards(run):
    run("""
        def write(name, size=1):
            with database.writing():
                add(name * size)
        writer.execute("PRAGMA max_page_count = 1")  # which SQLite takes for "no more than there are"
        found = outcomes([lambda: write("a", 50_000), lambda: write("b", 50_000), lambda: write("c", 50_000)])
        assert [type(outcome) for outcome in found] == [Unavailable] * 3, found
        assert names() == []
        writer.execute("PRAGMA max_page_count = 1000000")
        assert outcomes([lambda: write("a", 50_000), lambda: write("b")]) == [None, None]
        assert database.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
    """)


def test_a_transaction_that_sqlite_took_back_as_a_whole_is_lost_for_all_its_members(run):
    run("""
        def first():
            with database.writing():
                add("first")
        def second():
            with database.writing():
                add("second")
                writer.execute("ROLLBACK")  # as SQLite does by itself after some faults
        def third():
            with database.writing():
                add("third")
        found = outcomes([first, second, third])
        assert [type(outcome) for outcome in found] == [Unavailable] * 3, found
        assert names() == []
        assert outcomes([first, third]) == [None, None]
    """)


def test_a_reader_in_between_sees_nothing_that_is_not_committed(run):
    run("""
        seen = []
        def write(name):
            with database.writing():
                add(name)
                gevent.sleep(0.01)
        def read():
            while not commits:
                seen.append(names())
                gevent.sleep(0.001)
        outcomes([lambda: write("a"), read, lambda: write("b")])
        assert seen and all(found == [] for found in seen), seen
        assert names() == ["a", "b"]
    """)


def test_a_killed_writer_does_not_affect_the_others(run):
    run("""
        def write(name):
            with database.writing():
                add(name)
                if name == "killed":
                    gevent.sleep(1000)
        victim = gevent.spawn(write, "killed")
        others = [gevent.spawn(write, name) for name in "ab"]
        gevent.sleep(0.05)
        victim.kill()
        gevent.joinall(others, timeout=5, raise_error=True)
        assert names() == ["a", "b"], names()
    """)


def test_more_writers_than_a_group_takes_are_served_in_several(run):
    run("""
        def write(number):
            with database.writing():
                add(f"user{number:03}")
        assert outcomes([lambda number=number: write(number) for number in range(300)]) == [None] * 300
        assert len(names()) == 300
        assert 4 < len(commits) < 20, commits
    """)


def test_a_member_of_a_group_that_never_began_writes_nothing_into_the_next(run):
    run("""
        from peewee import OperationalError
        begin, begun = database._begin, []
        def begin_late(writer, deadline):
            begun.append(writer)
            if len(begun) == 1:
                gevent.sleep(0.1)  # the first group waits for another program's lock and gives up ...
                raise OperationalError("database is locked")
            return begin(writer, deadline)  # ... which is free when the next group begins
        database._begin = begin_late
        def write(number):
            with database.writing():
                add(f"user{number:03}")
            return number
        found = outcomes([lambda number=number: write(number) for number in range(100)])
        written = [f"user{number:03}" for number in found if not isinstance(number, Exception)]
        assert {type(outcome) for outcome in found} == {int, Unavailable}, found
        assert names() == written
    """)
