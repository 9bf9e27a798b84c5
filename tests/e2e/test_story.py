"""`minichat demo --story`: what a newcomer finds after the log-in, on both databases."""

import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from commands import run_minichat
from minichat.story import MAIN, PASSWORD
from postgres import shared
from servers import BIN, SECRET, child, environment, free_port, serving

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=[False, True], ids=["sqlite", "postgres"])
def settings(request) -> dict[str, Any]:
    on_postgres = {"secret_key": SECRET, "allowed_hosts": "127.0.0.1"}
    return {"database_url": shared().url(), **on_postgres} if request.param else {}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, settings):
    """A folder with the story in its database."""
    folder = tmp_path_factory.mktemp("story")
    made = run_minichat(folder, "demo", "--story", **settings, registration="closed", directory="shared")
    assert (made.returncode, made.stderr) == (0, "")
    assert all(f"  {main.username}" in made.stdout for main in MAIN)
    assert made.stdout.endswith(f"The password of everybody is {PASSWORD}\n")
    return folder


@pytest.fixture(scope="module")
def server(folder, settings):
    with serving(folder, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def ask(server):
    """A GET as the first main person."""
    login = {"username": MAIN[0].username, "password": PASSWORD}
    token = server.call("POST", "/api/auth/login/", login).json["tokens"]["access"]
    return lambda path: server.call("GET", path, token=token).json


def test_the_room_list_shows_names_unread_messages_and_mentions(ask):
    rooms = ask("/api/chat/rooms/")
    assert 8 <= len(rooms) <= 12
    assert {room["kind"] for room in rooms} == {"group", "direct"}
    times = [room["last_message"]["timestamp"] for room in rooms]
    assert times == sorted(times, reverse=True)
    unread = ask("/api/chat/unread/")
    assert unread["mentions"] >= 3
    assert unread["total"] == sum(room["unread_count"] for room in rooms) > 20


def test_the_history_shows_reactions_replies_pins_and_read_messages(ask):
    [backend] = [room for room in ask("/api/chat/rooms/") if room["name"] == "Backend"]
    messages = ask(f"/api/chat/rooms/{backend['id']}/history/?limit=200&mark_read=false")["messages"]
    assert [message["seq"] for message in messages] == list(range(1, backend["last_seq"] + 1))
    assert any(message["reactions"] for message in messages)
    assert any(message["reply_to"] for message in messages)
    assert any(message["is_read"] for message in messages)
    assert not messages[-1]["is_read"]
    assert ask(f"/api/chat/rooms/{backend['id']}/pins/")


@pytest.mark.parametrize(
    ("word", "found"), [("палатка", "палатка на троих"), ("umbrella", "a very good umbrella"), ("лондон", "Лондон")]
)
def test_the_search_finds_words_of_the_story(ask, word, found):
    hits = ask(f"/api/chat/search/?q={quote(word)}")
    assert hits
    assert any(found in hit["content"] for hit in hits)


def test_the_avatars_are_served(ask, server):
    people = {
        person["username"]: person["avatar"] for room in ask("/api/chat/rooms/") for person in room["participants"]
    }
    kinds = {avatar.rpartition(".")[2] for avatar in people.values()}
    assert kinds == {"svg", "webp"}
    for avatar in people.values():
        assert server.call("GET", urlsplit(avatar).path).status == 200


def test_the_live_updates_begin_after_the_story(ask):
    answer = ask("/api/chat/sync/")
    assert ask(f"/api/chat/sync/?after={quote(answer['cursor'])}")["events"] == []


def test_the_story_is_complete_for_the_other_commands(folder, settings):
    assert run_minichat(folder, "db", "status", **settings).stdout.endswith("search   complete\n")
    checked = run_minichat(folder, "check", **settings).stdout.splitlines()
    about_data = {line.split()[1]: line for line in checked if line.split()[1] in {"migrations", "clock", "pictures"}}
    assert [line.split()[0] for line in about_data.values()] == ["ok", "ok", "ok"]


def test_the_story_refuses_a_database_with_accounts(folder, settings):
    again = run_minichat(folder, "demo", "--story", **settings)
    assert again.returncode == 1
    assert again.stderr == "The database is not empty. Use a new one: demo data must not mix with real data.\n"


@pytest.mark.parametrize("option", ["--users", "--rooms", "--members", "--messages"])
def test_the_story_refuses_numbers(tmp_path, option):
    refused = run_minichat(tmp_path, "demo", "--story", option, "5")
    assert refused.returncode == 2
    assert f"--story has its own people and rooms: leave out {option}." in refused.stderr
    assert not list(tmp_path.iterdir())


def test_make_demo_prints_the_log_ins_and_serves_the_story_of_the_first_time(tmp_path):
    port = free_port()
    demo = ["make", "--no-print-directory", "demo", "--old-file=.venv/run-is-ready"]
    mine = [f"BIN={os.path.relpath(BIN, PROJECT)}", f"DEMO={tmp_path}", f"ARGS=--bind 127.0.0.1:{port} --workers 1"]
    variables = {name: value for name, value in environment(access_ttl="wrong").items() if name != "MAKEFLAGS"}
    first, second = (shown_until_served([*demo, *mine], variables) for _ in range(2))
    assert first == second
    assert first[0].startswith("Created ")
    assert f"http://127.0.0.1:{port}/" in first[-1]


def shown_until_served(command, variables):
    """The lines of a program up to the server's address."""
    with child(command, PROJECT, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while "minichat serves" not in "".join(lines[-1:]):
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        return lines
