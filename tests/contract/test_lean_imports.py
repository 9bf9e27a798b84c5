"""What a worker loads, on which its start and its memory depend."""

import subprocess
import sys

import pytest

from minichat.lean_imports import without

UNUSED = [
    *("cryptography", "segno", "psycopg", "rich", "PIL", "wsproto", "redis", "playhouse.cockroachdb"),
    *("yaml", "email_validator", "smtplib"),
]
"""Packages that a worker with SQLite does not need before the first upload, WebSocket, second factor or address."""
LOADED = f"import minichat.app, sys; print([name for name in {UNUSED} if name in sys.modules])"


def test_a_worker_with_sqlite_loads_no_unused_package():
    assert subprocess.check_output([sys.executable, "-c", LOADED], text=True) == "[]\n"


def test_the_command_line_loads_nothing_of_the_chat_before_a_command_runs():
    # A shell starts it at each completion. 0.1 s is unnoticeable; with the application it would take a second.
    loaded = (
        "import minichat.cli, sys; "
        "print([name for name in sys.modules if name.startswith(('minichat.', 'flask', 'peewee', 'marshmallow'))"
        " and not name.startswith(('minichat.cli', 'minichat.standard_streams', 'minichat.atomic_files'))])"
    )
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True) == "[]\n"


def test_a_package_is_absent_in_the_block_only():
    before = sys.modules["pytest"]
    with without("pytest"), pytest.raises(ImportError):
        __import__("pytest")
    assert __import__("pytest") is before


def test_a_package_that_is_not_loaded_stays_so():
    with without("a_package_of_nobody"):
        pass
    assert "a_package_of_nobody" not in sys.modules
