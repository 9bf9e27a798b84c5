"""The web client on servers that admit invited people alone or nobody, and that show people in shared rooms alone."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from browser.people import Visitor
from browser.profiles import Profiles
from commands import run_minichat
from e2e.crowd import PASSWORD, Json, call
from servers import RunningServer, free_port, serving


@pytest.fixture(scope="module")
def port() -> int:
    """The port of all servers, so that the browser keeps the files of the client."""
    return free_port()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all servers, where ann is a superuser."""
    folder = tmp_path_factory.mktemp("modes")
    run_minichat(folder, "createsuperuser", "--username", "ann", "--password-stdin", says=PASSWORD)
    return folder


def posts(server: RunningServer, path: str, body: Json, token: str | None = None) -> Any:
    answer = call(server, "POST", path, body, token)
    assert answer.status < 300, answer
    return answer.json


def invitation_of_ann(server: RunningServer) -> tuple[Json, Json]:
    """A private room of ann's, and an invitation to it."""
    ann = posts(server, "/api/auth/login/", {"username": "ann", "password": PASSWORD})["tokens"]["access"]
    room = posts(server, "/api/chat/rooms/", {"name": "Tea", "is_private": True}, ann)
    return room, posts(server, f"/api/chat/rooms/{room['id']}/invites/", {}, ann)


def visitor(profiles: Profiles, server: RunningServer) -> Visitor:
    return Visitor(profiles, f"http://127.0.0.1:{server.port}")


def test_an_invited_person_registers_and_finds_people_in_shared_rooms(
    folder: Path, port: int, profiles: Profiles
) -> None:
    with serving(folder, port=port, registration="invite", directory="shared", rate_limits="off") as server:
        room, link = invitation_of_ann(server)
        form = {"username": "cid", "password": PASSWORD, "invite": link["token"]}
        cid = posts(server, "/api/auth/register/", form)["tokens"]["access"]
        posts(server, "/api/chat/messages/", {"room": room["id"], "content": "so long"}, cid)
        posts(server, f"/api/chat/rooms/{room['id']}/leave/", {}, cid)

        ben = visitor(profiles, server).loads_the_client().opens("#/register")
        ben.sees("You need an invitation to create an account here")
        expect(ben.page.get_by_label("Username")).to_be_hidden()
        ben.page.get_by_label("Invitation").fill(link["url"])
        ben.sees("invites you to")
        ben.page.get_by_label("Username").fill("ben")
        ben.page.get_by_label("Password", exact=True).fill(PASSWORD)
        ben.presses("Create account")
        ben.sees("so long")

        ben.complaints.expect("status of 404")
        ben.page.get_by_role("button", name="cid", exact=True).first.click()
        ben.sees("You no longer share a room with this person.")
        expect(ben.page.get_by_role("button", name="Send message")).to_have_count(0)
        ben.page.keyboard.press("Escape")

        ben.page.keyboard.press("Control+k")
        ben.page.get_by_role("combobox", name="Search chats and people").fill("zed")
        ben.sees("Nothing was found for “zed”. You find people here whom you share a room with.")
        assert ben.complaints.unexpected() == []
        ben.closes_everything()


def test_a_closed_server_offers_a_log_in_only(folder: Path, port: int, profiles: Profiles) -> None:
    with serving(folder, port=port, registration="closed") as server:
        ann = visitor(profiles, server).loads_the_client().opens("#/log-in")
        expect(ann.page.get_by_label("Username")).to_be_visible()
        expect(ann.page.get_by_text("No account yet?")).to_be_hidden()
        ann.goes_to_address("#/register")
        ann.sees("New accounts are created by administrators of this server.")
        expect(ann.page.get_by_label("Username")).to_be_hidden()
        expect(ann.page.get_by_role("link", name="Log in", exact=True)).to_be_visible()
        _, link = invitation_of_ann(server)
        ann.goes_to_address(f"#invite={link['token']}")
        ann.sees("Log in to join.")
        expect(ann.page.get_by_role("heading", name="Log in to minichat")).to_be_visible()
        assert ann.complaints.unexpected() == []
        ann.closes_everything()
