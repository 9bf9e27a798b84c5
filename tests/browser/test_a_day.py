"""A day in the life of two people, in one story: they meet, chat, lose the server and the network, and find it all."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Response, WebSocketRoute, expect

from browser.conftest import People
from browser.people import Visitor
from e2e.crowd import PASSWORD, check_database, rows, wait_until
from servers import RunningServer, free_port, serving

_SOME = 6
"""Messages that a person writes while the server dies."""
_SHORT_TTL = "2"
_REFRESH = re.compile("/auth/token/refresh/$")


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
        expect(composer(who)).to_have_value("")


def message(who: Visitor, text: str) -> Locator:
    return who.page.get_by_role("article").filter(has=who.page.get_by_text(text, exact=True))


def chooses(who: Visitor, text: str, action: str, role: Any = "menuitem") -> None:
    """Choose an action in the menu of a message."""
    message(who, text).first.click(button="right")
    who.page.get_by_role(role, name=action, exact=True).click()


def registers(who: Visitor, username: str, name: str) -> None:
    who.fills(username=username, first_name=name, password=PASSWORD)
    who.presses("Create account")


def has_all(page: Page, texts: list[str]) -> None:
    """Wait until the page shows these messages in this order, each once and acknowledged."""
    expect(page.locator(".message .text")).to_have_text(texts)
    expect(page.locator(".is-pending, .is-failed")).to_have_count(0)


@pytest.mark.timeout(360)  # it is a long day
def test_two_people_meet_chat_lose_the_server_and_the_network_and_find_everything(day: Day, people: People) -> None:
    ann, ben, notebook = people.visitor(), people.visitor(), people.visitor()
    for one in (ann, ben, notebook):
        # While the server or the network is away, the browser reports each request that fails.
        one.complaints.expect("net::ERR_", "status of 401", "status of 502", "WebSocket connection")
    said = _meet(ann, ben)
    for one in (ann, ben):
        one.page.evaluate("window.hasNeverLoadedAgain = true")
    said += _chat(ann, ben)
    said += _lose_the_server(day, ann, ben)
    said += _lose_the_network(ann, ben)
    said += _sleep(ann, ben, notebook)
    for one in (ann, ben, notebook):
        has_all(one.page, said)
    for one in (ann, ben):
        assert one.page.evaluate("window.hasNeverLoadedAgain") is True
    said += _write_in_two_tabs_with_an_expired_token(day, ann, ben)
    assert day.contents() == said
    _find_everything(ann, notebook, said)
    day.kills_the_server()
    check_database(day.server.database)


def _meet(ann: Visitor, ben: Visitor) -> list[str]:
    """Ann makes a room, and Ben comes to it with a link."""
    ann.opens("#/register")
    registers(ann, "ann", "Ann")
    ann.sees("No chats yet")
    ann.presses("New chat or room")
    ann.page.get_by_role("menuitem", name="New room").click()
    ann.page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Kitchen")
    ann.presses("Create room")
    says(ann, "Who cooks today?")
    ann.page.get_by_role("heading", level=2).get_by_role("button", name="Kitchen").click()
    details = ann.page.get_by_role("dialog")
    details.get_by_role("tab", name="Invitations").click()
    ann.presses("Create link")
    link = details.get_by_label("Invitation link").input_value()
    ann.page.keyboard.press("Escape")
    expect(details).to_have_count(0)

    ben.opens(link.removeprefix(f"{ben.base}/"))
    ben.sees("Ann invites you to")
    registers(ben, "ben", "Ben")
    ben.sees("Who cooks today?")
    return ["Who cooks today?"]


def _chat(ann: Visitor, ben: Visitor) -> list[str]:
    """A reply, a reaction, a changed message, a mention, a pin."""
    chooses(ben, "Who cooks today?", "Reply")
    says(ben, "I cook. Soop?")
    expect(message(ann, "I cook. Soop?").get_by_role("button", name=re.compile("In reply to"))).to_be_visible()
    chooses(ann, "I cook. Soop?", "React with 🎉", "menuitemcheckbox")
    expect(ben.page.get_by_role("button", name="🎉 1: Ann")).to_be_visible()
    composer(ben).press("ArrowUp")
    says(ben, "I cook. Soup?")
    ann.sees("I cook. Soup?")
    composer(ben).press_sequentially("at seven, @an")
    expect(ben.page.get_by_role("option", name=re.compile("Ann"))).to_be_visible()
    composer(ben).press("Enter")
    composer(ben).press("Enter")
    expect(message(ann, "@Ann").locator(".mention")).to_be_visible()
    chooses(ann, "I cook. Soup?", "Pin")
    expect(ben.page.get_by_role("region", name="Pinned messages")).to_contain_text("I cook. Soup?")
    return ["I cook. Soup?", "at seven, @Ann"]


def _lose_the_server(day: Day, ann: Visitor, ben: Visitor) -> list[str]:
    """The server is killed while Ann writes, and starts again."""
    written = [f"shopping {number}" for number in range(1, _SOME + 1)]

    def kill() -> None:
        wait_until(lambda: written[1] in day.contents(), "the second message")
        day.kills_the_server()

    killer = threading.Thread(target=kill)
    killer.start()
    says(ann, *written)
    killer.join()
    composer(ann).press_sequentially("half a sent")
    says(ben, "are you there?")
    expect(ben.page.locator(".is-pending")).to_have_count(1)
    ann.sees("No connection.")
    day.starts()
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
    ben.has_a_network_again()
    expect(message(ann, "no network")).to_be_visible()
    expect(message(ben, "bring bread")).to_be_visible()
    return ["bring bread", "in the train", "no network"]


class _Radio:
    """The radio of a notebook. While the notebook sleeps, its connections die, and neither end learns it."""

    def __init__(self) -> None:
        self._dead: list[bool] = []

    def relay(self, page: WebSocketRoute) -> None:
        number = len(self._dead)
        self._dead.append(False)
        server = page.connect_to_server()

        def pass_on(send: Callable[[str | bytes], None]) -> Callable[[str | bytes], None]:
            return lambda message: None if self._dead[number] else send(message)

        page.on_message(pass_on(server.send))
        server.on_message(pass_on(page.send))

    def sleep(self) -> None:
        self._dead = [True] * len(self._dead)


def _sleep(ann: Visitor, ben: Visitor, notebook: Visitor) -> list[str]:
    """Ben's notebook sleeps for a night. Its page learns of it by the clock alone."""
    radio = _Radio()
    notebook.context.route_web_socket("**/ws/**", radio.relay)
    notebook.context.clock.install()
    notebook.opens("#/log-in")
    notebook.fills(username="ben", password=PASSWORD)
    notebook.presses("Log in")
    notebook.page.get_by_role("link", name=re.compile("Kitchen")).click()
    says(ann, "good night")
    expect(message(notebook, "good night")).to_be_visible()
    expect(ann.page.get_by_role("article", name=re.compile("good night.* Read$"))).to_be_visible()
    radio.sleep()
    ben.page.evaluate("location.hash = '#/settings/profile'")  # and nobody is in the kitchen
    says(ann, "good morning")
    expect(message(ann, "good morning")).to_be_visible()
    expect(message(notebook, "good morning")).to_have_count(0)
    notebook.page.clock.fast_forward("08:00:00")
    notebook.page.clock.fast_forward("00:00:10")  # it waits for a sign of life
    expect(message(notebook, "good morning")).to_be_visible()
    expect(notebook.page.locator(".unread-divider")).to_have_text("New messages")
    expect(notebook.page).to_have_title("(1) Kitchen · minichat")  # nobody has seen it before Ben moves
    notebook.page.clock.fast_forward("00:00:02")
    notebook.page.mouse.move(40, 40)
    expect(notebook.page).to_have_title("Kitchen · minichat")
    ben.page.get_by_role("link", name=re.compile("Kitchen")).click()
    return ["good night", "good morning"]


def _write_in_two_tabs_with_an_expired_token(day: Day, ann: Visitor, ben: Visitor) -> list[str]:
    """Ann's tabs share tokens that expire after two seconds."""
    answers: list[Response] = []
    assert day.server.stop() == 0
    day.starts(access_ttl=_SHORT_TTL)
    first = ann.page
    ann.hears("response", lambda answer: answers.append(answer) if _REFRESH.search(answer.url) else None)
    ann.opens(first.url.removeprefix(f"{ann.base}/"))  # gets a short token and shares it
    second = ann.page
    expect(composer(second)).to_be_visible()
    written = []
    for number in (1, 2):
        with ann.expects("response", lambda answer: answer.status == 401):
            pass
        texts = [f"tab {tab}, time {number}" for tab in (1, 2)]
        for page, text in zip((first, second), texts, strict=True):
            says(page, text)
            expect(message(ben, text)).to_be_visible()
        written += texts
    while len(answers) < 2:
        with ann.expects("response", lambda answer: _REFRESH.search(answer.url) is not None):
            pass
    used = [answer.request.post_data for answer in answers]
    assert [answer.status for answer in answers] == [200] * len(answers)
    assert len(set(used)) == len(used), "two tabs have used the same refresh token"
    for page in (first, second):
        expect(message(ann, written[-1])).to_be_visible()
        assert not page.get_by_role("button", name="Log in").count()
    second.close()
    return written


def _find_everything(ann: Visitor, notebook: Visitor, said: list[str]) -> None:
    """Ann's page and Ben's notebook, loaded again, have the whole history, the pin, the reaction, and the search."""
    for one in (ann, notebook):
        one.page.reload()
        has_all(one.page, said)
        expect(one.page.get_by_role("region", name="Pinned messages")).to_contain_text("I cook. Soup?")
        one.page.get_by_role("link", name="Search in this chat").click()
        one.page.get_by_role("searchbox", name="Words to find").fill("soup")
        one.page.get_by_role("main").get_by_role("link", name=re.compile("Soup")).click()
        expect(message(one, "I cook. Soup?")).to_be_in_viewport()
        expect(one.page.get_by_role("button", name="🎉 1")).to_be_attached()
