"""What a worker loads, on which its start and its memory depend."""

import re
import subprocess
import sys
from importlib import import_module

import pytest

from minichat.lean_imports import deferred, deferred_patterns, without

UNUSED = [
    *("cryptography", "segno", "psycopg", "rich", "PIL", "wsproto", "redis", "playhouse.cockroachdb"),
    *("yaml", "email_validator", "smtplib", "asyncio.events"),
]
"""Packages that a worker with SQLite does not need before the first upload, WebSocket, second factor or address."""
LOADED = f"import minichat.app, sys; print([name for name in {UNUSED} if name in sys.modules])"


def said_by(program):
    """Return what a program prints in a process of its own."""
    return subprocess.check_output([sys.executable, "-c", program], text=True)


def test_a_worker_with_sqlite_loads_no_unused_package():
    assert said_by(LOADED) == "[]\n"


def test_the_command_line_loads_nothing_of_the_chat_before_a_command_runs():
    # A shell starts it at each completion. 0.1 s is unnoticeable; with the application it would take a second.
    loaded = (
        "import minichat.cli, sys; "
        "print([name for name in sys.modules if name.startswith(('minichat.', 'flask', 'peewee', 'marshmallow'))"
        " and not name.startswith(('minichat.cli', 'minichat.standard_streams', 'minichat.atomic_files'))])"
    )
    assert said_by(loaded) == "[]\n"


def test_the_preparation_of_a_start_loads_no_store_of_accounts_and_rooms():
    # They take 30 ms, and each start opens the database in a process of its own to look for missing migrations.
    loaded = (
        "import minichat.adapters.peewee.operations.migrate, minichat.adapters.peewee.operations.reindex, "
        "minichat.adapters.peewee.operations.message_filling, sys; "
        "print([name for name in sys.modules if name.endswith(('stores.users', 'stores.rooms', 'peewee.ports'))])"
    )
    assert said_by(loaded) == "[]\n"


def test_the_settings_do_not_compile_the_pattern_of_addresses_in_marshmallow():
    compiled = (
        "import minichat.config, re; from marshmallow.validate import Email; "
        "print(isinstance(Email.DOMAIN_REGEX, re.Pattern), Email()('ann@example.org'))"
    )
    assert said_by(compiled) == "False ann@example.org\n"


def test_a_package_is_absent_in_the_block_only():
    before = sys.modules["pytest"]
    with without("pytest"), pytest.raises(ImportError):
        __import__("pytest")
    assert __import__("pytest") is before


def test_a_package_that_is_not_loaded_stays_so():
    with without("a_package_of_nobody"):
        pass
    assert "a_package_of_nobody" not in sys.modules


def test_a_deferred_module_is_loaded_at_its_first_use(tmp_path, monkeypatch):
    (tmp_path / "module_of_nobody.py").write_text("ANSWER = 42\n")
    (tmp_path / "user_of_nobody.py").write_text("import module_of_nobody\n")
    monkeypatch.syspath_prepend(tmp_path)
    with deferred("module_of_nobody"):
        user, _again = import_module("user_of_nobody"), import_module("module_of_nobody")
    assert "module_of_nobody" not in sys.modules
    assert user.module_of_nobody.ANSWER == 42
    assert sys.modules.pop("module_of_nobody").ANSWER == 42
    del sys.modules["user_of_nobody"]


def test_a_loaded_module_is_not_deferred():
    before = sys.modules["pytest"]
    with deferred("pytest"):
        assert __import__("pytest") is before


def test_a_deferred_pattern_is_compiled_at_its_first_use():
    with deferred_patterns():
        wrong, right = re.compile("("), re.compile("A(n+)", re.IGNORECASE)
    assert right.sub("<\\1>", "ann") == "<nn>"
    with pytest.raises(re.error):
        wrong.match("")
    assert isinstance(re.compile("a"), re.Pattern)
