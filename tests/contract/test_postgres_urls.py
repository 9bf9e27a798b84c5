"""URLs of PostgreSQL that libpq takes, on a real server: sockets, several hosts, service files, and no name."""

from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from minichat.adapters.peewee import open_database
from minichat.adapters.peewee.engine.connections import CONNECT_SECONDS, Server, connection_string
from postgres import shared

NAME = "SELECT current_database()"


@pytest.fixture(scope="module")
def place():
    """The socket's folder, and the database that has the name of its user."""
    server = shared()
    if not server.execute("SELECT 1 FROM pg_database WHERE datname = 'minichat'"):
        server.execute("CREATE DATABASE minichat ENCODING UTF8 TEMPLATE template0")
    return server.folder


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql:///?host={folder}&dbname=postgres&user=minichat", "postgres"),
        ("postgresql://minichat@{encoded}/postgres", "postgres"),
        ("postgresql://minichat@{encoded}:5432?dbname=postgres", "postgres"),
        ("postgresql://minichat@/?host={folder}", "minichat"),
        ("postgresql://minichat@%2Fnowhere:1,{encoded}:5432/postgres?target_session_attrs=read-write", "postgres"),
        ("postgresql://minichat@{encoded},%2Fnowhere/postgres?target_session_attrs=primary", "postgres"),
        ("postgresql://minichat@/postgres?host=/nowhere,{folder}&port=5432", "postgres"),
        ("postgresql://minichat:p%40ss@{encoded}/postgres?connect_timeout=3&application_name=chat", "postgres"),
        ("postgresql:///?service=chat", "postgres"),
        ("postgresql:///minichat?service=chat&user=minichat", "minichat"),
    ],
)
def test_a_url_that_libpq_takes_reaches_the_server(place, tmp_path, monkeypatch, url, name):
    services = tmp_path / "services.conf"
    services.write_text(f"[chat]\nhost={place}\nuser=minichat\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    database = open_database(url.format(folder=place, encoded=quote(str(place), safe="")))
    try:
        assert database.execute_sql(NAME).fetchone() == (name,)
    finally:
        database.close_connections()


def test_the_options_of_a_url_have_precedence_over_our_own(place):
    url = f"postgresql://minichat@/postgres?host={place}"
    for given, shown in (("", "minichat"), ("&application_name=chat", "chat")):
        with Server(url + given).connect() as connection:
            assert connection.execute("SELECT current_setting('application_name')").fetchone() == (shown,)


@pytest.mark.parametrize(
    ("given", "seconds"), [("", CONNECT_SECONDS), ("3", 3), ("0", CONNECT_SECONDS), ("600", CONNECT_SECONDS)]
)
def test_the_timeout_of_a_url_can_only_shorten_the_wait_for_a_connection(given, seconds):
    conninfo = connection_string(f"postgresql:///chat?connect_timeout={given}")
    assert conninfo_to_dict(conninfo)["connect_timeout"] == str(seconds)
