"""A day in the life of two people, in one story: they meet, chat, lose the server and the network, and find it all."""

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from browser.conftest import People
from browser.people import Person, Visitor
from e2e.crowd import PASSWORD, check_database, rows, wait_until
from servers import RunningServer, free_port, serving

_SOME = 6
"""Messages that a person writes while the server dies."""
_SHORT_TTL = "2"
_REFRESH = re.compile("/auth/token/refresh/$")
_RADIO = """
  const radio = [];
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) { super(...args); radio.push(this); }
  };
  globalThis.fallAsleep = () => {
    for (const socket of radio) {
      socket.send = () => {};
      socket.onmessage = socket.onclose = null;
    }
  };
"""
"""The radio of a notebook. While the notebook sleeps, its connections die, and neither end learns it."""


class Day:
    """The server of the day: one address and one database through all restarts."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._running = ExitStack()
        self.starts()

    def starts(self, **settings: Any) -> None:
        self.server = self._running.enter_context(serving(self._folder, port=self.port, rate_limits="off", **settings))

    def kills_the_server(self) -> None:
        self.server.kill()

    def ends(self) -> None:
        self._running.close()

    def contents(self) -> list[str]:
        """Return the texts of all messages, in their order."""
        return [text for (text,) in rows(self.server.database, "SELECT content FROM message ORDER BY id")]


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    day = Day(tmp_path)
    yield day
    day.ends()


@pytest.fixture
def server(day: Day) -> RunningServer:
    """The people of this file use the server of the day."""
    return day.server


def composer(who: Visitor | Page) -> Locator:
    page = who.page if isinstance(who, Visitor) else who
    return page.get_by_role("textbox", name="Message", exact=True)


def says(who: Visitor | Page, *texts: str) -> None:
    for text in texts:
        composer(who).fill(text)
        composer(who).press("Enter")


def message(who: Visitor, text: str) -> Locator:
    return who.page.get_by_role("article").filter(has=who.page.get_by_text(text, exact=True))


def chooses(who: Visitor, text: str, action: str, role: Any = "menuitem") -> None:
    """Choose an action in the menu of a message."""
    message(who, text).first.click(button="right")
    who.page.get_by_role(role, name=action, exact=True).click()


def act(who: Visitor) -> None:
    """Wait for the pause after an interruption to end, and press a key."""
    who.page.clock.fast_forward("00:00:02")
    who.page.keyboard.press("Shift")


def has_all(page: Page, texts: list[str]) -> None:
    """Wait until the page shows these messages in this order, each once and acknowledged."""
    expect(page.locator(".message .text")).to_have_text(texts)
    expect(page.locator(".is-pending, .is-failed")).to_have_count(0)


@pytest.mark.timeout(360)  # it is a long day
def test_two_people_meet_chat_lose_the_server_and_the_network_and_find_everything(day: Day, people: People) -> None:
    ann, ben = people.person("Ann"), people.visitor()
    for one in (ann, ben):
        # While the server or the network is away, the browser reports each request that fails.
        one.complaints.expect("net::ERR_", "status of 401", "status of 502", "WebSocket connection")
    said = _meet(ann, ben)
    for one in (ann, ben):
        one.page.evaluate("window.hasNeverLoadedAgain = true")
    said += _chat(ann, ben)
    said += _lose_the_server(day, ann, ben)
    said += _lose_the_network(ann, ben)
    said += _sleep(ann, ben)
    for one in (ann, ben):
        has_all(one.page, said)
        assert one.page.evaluate("window.hasNeverLoadedAgain") is True
    said += _write_in_two_tabs_with_an_expired_token(ann, ben, said)
    assert day.contents() == said
    day.kills_the_server()
    check_database(day.server.database)


def _meet(ann: Person, ben: Visitor) -> list[str]:
    """Ann makes a room, and Ben comes to it with a link, on his notebook."""
    room = ann.makes_room("Kitchen")
    ann.opens_room(room)
    says(ann, "Who cooks today?")
    invitation = ann.sends("POST", f"/api/chat/rooms/{room['id']}/invites/")

    ben.in_a_new_profile().begins_pages_with(_RADIO)
    ben.context.clock.install()
    ben.opens(f"#invite={invitation['token']}")
    ben.sees("Ann invites you to")
    ben.fills(username="ben", first_name="Ben", password=PASSWORD)
    ben.presses("Create account")
    ben.sees("Who cooks today?")
    return ["Who cooks today?"]


def _chat(ann: Visitor, ben: Visitor) -> list[str]:
    """A reply, a reaction, a changed message, a pin."""
    chooses(ben, "Who cooks today?", "Reply")
    says(ben, "I cook. Soop?")
    expect(message(ann, "I cook. Soop?").get_by_role("button", name=re.compile("In reply to"))).to_be_visible()
    chooses(ann, "I cook. Soop?", "React with 🎉", "menuitemcheckbox")
    expect(ben.page.get_by_role("button", name="🎉 1: Ann")).to_be_visible()
    composer(ben).press("ArrowUp")
    says(ben, "I cook. Soup?")
    ann.sees("I cook. Soup?")
    chooses(ann, "I cook. Soup?", "Pin")
    expect(ben.page.get_by_role("region", name="Pinned messages")).to_contain_text("I cook. Soup?")
    return ["I cook. Soup?"]


def _lose_the_server(day: Day, ann: Visitor, ben: Visitor) -> list[str]:
    """The server is killed while Ann writes, and starts again."""
    written = [f"shopping {number}" for number in range(1, _SOME + 1)]

    def kill() -> None:
        wait_until(lambda: written[0] in day.contents(), "the first message")
        day.kills_the_server()

    killer = threading.Thread(target=kill)
    killer.start()
    says(ann, *written)
    killer.join()
    composer(ann).fill("half a sent")
    says(ben, "are you there?")
    expect(ben.page.locator(".is-pending")).to_have_count(1)
    ann.sees("No connection.")
    day.starts(access_ttl=_SHORT_TTL)
    # Ben's message and the rest of Ann's reach the new server in any order.
    for one in (ann, ben):
        expect(message(one, "are you there?")).to_be_visible()
        expect(message(one, written[-1])).to_be_visible()
        expect(one.page.locator(".is-pending")).to_have_count(0)
    expect(composer(ann)).to_have_value("half a sent")
    composer(ann).press_sequentially("ence")
    composer(ann).press("Enter")
    expect(message(ben, "half a sentence")).to_be_visible()
    found = day.contents()[-_SOME - 2 :]
    assert found[-1] == "half a sentence"
    assert [text for text in found if text in written] == written
    assert found.count("are you there?") == 1
    return found


def _lose_the_network(ann: Visitor, ben: Visitor) -> list[str]:
    """Ben writes offline while Ann writes to him."""
    ben.loses_the_network()
    ben.sees("You are offline.")
    says(ben, "in the train", "no network")
    expect(ben.page.locator(".is-pending")).to_have_count(2)
    says(ann, "bring bread")
    expect(message(ann, "bring bread")).to_be_visible()
    expect(ann.page.locator(".is-pending")).to_have_count(0)
    ben.has_a_network_again()
    expect(message(ann, "no network")).to_be_visible()
    expect(message(ben, "bring bread")).to_be_visible()
    return ["bring bread", "in the train", "no network"]


def _sleep(ann: Visitor, ben: Visitor) -> list[str]:
    """Ben's notebook sleeps for a night. Its page learns of it by the clock alone."""
    act(ben)
    says(ann, "good night")
    expect(message(ben, "good night")).to_be_visible()
    expect(ann.page.get_by_role("article", name=re.compile("good night.* Read$"))).to_be_visible()
    ben.page.evaluate("fallAsleep()")
    says(ann, "good morning")
    expect(message(ann, "good morning")).to_be_visible()
    expect(message(ben, "good morning")).to_have_count(0)
    ben.page.clock.fast_forward("08:00:00")
    ben.page.clock.fast_forward("00:00:10")  # it waits for a sign of life
    ben.page.clock.fast_forward("00:00:01")  # it waits before it connects again
    expect(message(ben, "good morning")).to_be_visible()
    expect(ben.page.locator(".unread-divider")).to_have_text("New messages")
    expect(ben.page).to_have_title("(1) Kitchen · minichat")  # nobody has seen it before Ben acts
    act(ben)
    expect(ben.page).to_have_title("Kitchen · minichat")
    return ["good night", "good morning"]


def _write_in_two_tabs_with_an_expired_token(ann: Visitor, ben: Visitor, said: list[str]) -> list[str]:
    """Ann's tabs share tokens that expire after two seconds, while Ben looks for the soup."""
    answers: list[Response] = []
    first = ann.page
    ann.hears("response", lambda answer: answers.append(answer) if _REFRESH.search(answer.url) else None)
    ann.opens(first.url.removeprefix(f"{ann.base}/"))  # gets a short token and shares it
    second = ann.page
    has_all(second, said)
    _find_everything(ben, said)
    while len(answers) < 2:
        with ann.expects("response", lambda answer: _REFRESH.search(answer.url) is not None):
            pass
    written = ["from the first tab", "from the second tab"]
    for page, text in zip((first, second), written, strict=True):
        says(page, text)
        expect(message(ben, text)).to_be_visible()
    used = [answer.request.post_data for answer in answers]
    assert [answer.status for answer in answers] == [200] * len(answers)
    assert len(set(used)) == len(used), "two tabs have used the same refresh token"
    for page in (first, second):
        has_all(page, [*said, *written])
    return written


def _find_everything(who: Visitor, said: list[str]) -> None:
    """A page that loads again has the whole history, the pin, the reaction, and the search."""
    who.page.reload()
    has_all(who.page, said)
    expect(who.page.get_by_role("region", name="Pinned messages")).to_contain_text("I cook. Soup?")
    who.page.get_by_role("link", name="Search in this chat").click()
    who.page.get_by_role("searchbox", name="Words to find").fill("soup")
    who.page.get_by_role("main").get_by_role("link", name=re.compile("Soup")).click()
    expect(message(who, "I cook. Soup?")).to_be_in_viewport()
    expect(who.page.get_by_role("button", name="🎉 1")).to_be_attached()
