"""The list of messages: a window of a long history that holds still, and what people do to a message."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from browser.conftest import People
from browser.people import Person
from commands import run_minichat
from e2e.crowd import Json
from scale import scaled
from servers import RunningServer, serving

MESSAGES = 10_000
MOST_ELEMENTS = 300
STILL_PX = 1.5
OPENING_MS = 100
MOST_FIRST_ROWS = 35  # those in view, without the rows around it

_OPENING = """(address) => new Promise(done => {
  const begin = performance.now();
  location.hash = address;
  requestAnimationFrame(function look() {
    if (!document.querySelector("article")) return requestAnimationFrame(look);
    const rows = document.querySelectorAll("article").length;
    requestAnimationFrame(() => done({rows, time: performance.now() - begin}));
  });
})"""
_GROWN = """(scroller, height) => new Promise(done => {
  requestAnimationFrame(function look() {
    if (scroller.scrollHeight > height + 1_000) done(); else requestAnimationFrame(look);
  });
})"""
_TOPS = """(element) => new Promise(done => {
  const tops = [];
  const begin = performance.now();
  requestAnimationFrame(function look() {
    tops.push(element.getBoundingClientRect().top);
    if (performance.now() - begin < 700) requestAnimationFrame(look); else done(tops);
  });
})"""

_COVERED = """() => {
  const toolbar = document.querySelector(".message-toolbar").getBoundingClientRect();
  const view = document.querySelector(".scroller").getBoundingClientRect();
  const bubbles = [...document.querySelectorAll("article .bubble")].map(one => one.getBoundingClientRect());
  const covered = bubbles.filter(one =>
    one.left < toolbar.right && toolbar.left < one.right && one.top < toolbar.bottom && toolbar.top < one.bottom);
  return toolbar.left < view.left || toolbar.right > view.right ? [...covered, toolbar] : covered;
}"""
_QUOTES_TOO_WIDE = """() => [...document.querySelectorAll(".bubble .quote")].filter(one =>
  one.getBoundingClientRect().right > one.closest(".bubble").getBoundingClientRect().right).length"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose public room 1 has ten thousand messages."""
    folder = tmp_path_factory.mktemp("archive")
    numbers = {"users": 3, "rooms": 2, "members": 2, "messages": MESSAGES}
    filled = run_minichat(folder, "demo", *(f"--{name}={count}" for name, count in numbers.items()))
    assert filled.returncode == 0, filled.stderr
    with serving(folder, rate_limits="off") as server:
        yield server


@pytest.fixture
def reader(people: People, archive: RunningServer) -> Person:
    """Somebody in the room with ten thousand messages."""
    reader = people.person("Rita", archive)
    reader.sends("POST", "/api/chat/rooms/1/join/")
    return reader


def row(page: Page, text: str) -> Locator:
    """Return the row of the message whose text begins so."""
    return page.locator("article", has=page.locator(".message-body", has_text=re.compile(rf"^{re.escape(text)}\b")))


def scroll(page: Page, pixels: int) -> None:
    page.locator(".scroller").evaluate("(scroller, pixels) => scroller.scrollBy(0, pixels)", pixels)


def top_of(element: Locator) -> float:
    return float(element.evaluate("element => element.getBoundingClientRect().top"))


def talk(room: Json, author: Person, count: int) -> list[Json]:
    """Let the author say `message 1` to `message <count>`, of different heights."""
    texts = [f"message {number}" + " and more\nlines" * (number % 3) for number in range(1, count + 1)]
    return [author.said(text, room) for text in texts]


class TestLongHistory:
    def test_ten_thousand_messages_are_few_elements(self, reader: Person) -> None:
        reader.opens("#/rooms/1")
        page = reader.page
        expect(row(page, f"message number {MESSAGES}")).to_be_visible()
        last, scrolls = MESSAGES, 0
        # A scroll may be seen in two steps: what is loaded appears before what it loads.
        while scrolls < scaled(6, 60) or last >= scaled(MESSAGES - 400, 200):
            scrolls += 1
            page.locator(".scroller").evaluate("scroller => scroller.scrollTo(0, 0)")
            first = page.locator("article").first
            expect(first).not_to_contain_text(f"message number {last} ")
            older = int(re.findall(r"message number (\d+)", first.inner_text())[0])
            assert older < last
            last = older
            assert page.locator("article").count() <= MOST_ELEMENTS

    def test_the_view_is_still_while_older_messages_load(self, reader: Person) -> None:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        reader.meets(re.compile("before="), hold)
        reader.opens("#/rooms/1/messages/5000")
        page = reader.page
        target = row(page, "message number 5000")
        expect(target).to_be_in_viewport()
        expect(page.locator(".scroller")).not_to_have_attribute("aria-busy", re.compile(""))
        height = page.locator(".scroller").evaluate("scroller => scroller.scrollHeight")
        before = top_of(target)
        assert held
        for request in held:
            request.continue_()
        tops = target.evaluate(_TOPS)
        assert page.locator(".scroller").evaluate("scroller => scroller.scrollHeight") > height + 1_000
        assert max(abs(top - before) for top in tops) < STILL_PX

    def test_a_load_does_not_undo_a_movement_whose_event_comes_late(self, reader: Person) -> None:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        reader.meets(re.compile("before="), hold)
        reader.opens("#/rooms/1/messages/5000")
        page = reader.page
        expect(row(page, "message number 5000")).to_be_in_viewport()
        expect(page.locator(".scroller")).not_to_have_attribute("aria-busy", re.compile(""))
        reader.changes_the_page("addEventListener('scroll', event => event.stopImmediatePropagation(), true)")
        scroll(page, -20_000)
        height = page.locator(".scroller").evaluate("scroller => scroller.scrollHeight")
        assert held
        for request in held:
            request.continue_()
        page.locator(".scroller").evaluate(_GROWN, height)
        expect(row(page, "message number 4975")).to_be_in_viewport()
        expect(row(page, "message number 5000")).not_to_be_in_viewport()

    def test_a_jump_to_the_end_and_back_finds_the_same_place(self, reader: Person) -> None:
        older: list[Route] = []
        newest: list[Route] = []

        def hold_older(route: Route) -> None:
            older.append(route)

        def hold_newest(route: Route) -> None:
            newest.append(route)

        reader.meets(re.compile("before="), hold_older)
        reader.meets(re.compile(r"/history/\?limit="), hold_newest)
        reader.opens("#/rooms/1/messages/300")
        page = reader.page
        expect(row(page, "message number 300")).to_be_in_viewport()
        height = page.locator(".scroller").evaluate("scroller => scroller.scrollHeight")
        with page.expect_request(re.compile(r"/history/\?limit=")):
            reader.presses("To the newest message")
        older[0].continue_()
        page.locator(".scroller").evaluate(_GROWN, height)  # the page that was under way moves nothing
        newest[0].continue_()
        expect(row(page, f"message number {MESSAGES}")).to_be_in_viewport()
        page.go_back()
        page.go_forward()
        expect(row(page, "message number 300")).to_be_in_viewport()

    def test_a_message_that_is_found_is_shown_in_its_room(self, reader: Person) -> None:
        reader.opens("#/search/1")
        page = reader.page
        page.get_by_role("searchbox", name="Words to find").fill("number 777")
        found = page.get_by_role("link", name=re.compile("message number 777 "))
        expect(found.locator("mark").first).to_have_text("number")
        page.keyboard.press("ArrowDown")
        found.press("Enter")
        expect(row(page, "message number 777")).to_be_in_viewport()
        page.go_back()
        expect(page.get_by_role("searchbox", name="Words to find")).to_have_value("number 777")

    def test_a_loaded_room_opens_at_once(self, reader: Person) -> None:
        reader.opens("#/rooms/1")
        page = reader.page
        expect(row(page, f"message number {MESSAGES}")).to_be_visible()
        reader.sends("POST", "/api/chat/rooms/2/join/")

        def opening() -> dict[str, float]:
            page.evaluate("location.hash = '#/rooms/2'")
            expect(page.get_by_text("Write the first one.")).to_be_visible()
            opened: dict[str, float] = page.evaluate(_OPENING, "#/rooms/1")
            assert opened["rows"] <= MOST_FIRST_ROWS
            return opened

        limit = scaled(4 * OPENING_MS, OPENING_MS)  # several tests share the cores in `make test`
        assert any(opening()["time"] < limit for _ in range(5))


class TestStillView:
    @pytest.fixture
    def room(self, ann: Person, bob: Person) -> Json:
        """A room whose thirtieth message Ann has in the middle of her screen."""
        room = ann.makes_room("Kitchen", bob)
        self.messages = talk(room, bob, 50)
        ann.opens(f"#/rooms/{room['id']}/messages/{self.messages[29]['id']}")
        expect(row(ann.page, "message 30")).to_be_in_viewport()
        return room

    def test_changes_above_do_not_move_the_view(self, room: Json, ann: Person, bob: Person) -> None:
        page = ann.page
        held = row(page, "message 30")
        before = top_of(held)
        above = [one for one in self.messages if one["seq"] in {17, 18, 19}]
        bob.sends("PATCH", f"/api/chat/messages/{above[0]['id']}/", content="changed\n" * 12)
        bob.sends("PUT", f"/api/chat/messages/{above[1]['id']}/reactions/{quote('👍')}/")
        bob.sends("DELETE", f"/api/chat/messages/{above[2]['id']}/")
        expect(page.get_by_text("Message deleted")).to_have_count(1)
        expect(row(page, "changed")).to_have_count(1)
        assert abs(top_of(held) - before) < STILL_PX

    def test_new_messages_do_not_move_a_reader(self, room: Json, ann: Person, bob: Person) -> None:
        page = ann.page
        before = top_of(row(page, "message 30"))
        bob.said("are you there?", room)
        newest = page.get_by_role("button", name=re.compile("^To the newest message, "))
        expect(newest).to_be_visible()
        assert abs(top_of(row(page, "message 30")) - before) < STILL_PX
        newest.click()
        expect(row(page, "are you there")).to_be_in_viewport()
        expect(newest).to_have_count(0)

    def test_a_room_keeps_its_place(self, room: Json, ann: Person) -> None:
        other = ann.makes_room("Office")
        page = ann.page
        scroll(page, -150)
        before = top_of(row(page, "message 30"))
        ann.goes_to(other)
        ann.goes_to(room)
        expect(row(page, "message 30")).to_be_in_viewport()
        assert abs(top_of(row(page, "message 30")) - before) < STILL_PX

    def test_the_end_stays_in_view(self, room: Json, ann: Person, bob: Person) -> None:
        ann.says("I am here")
        expect(row(ann.page, "I am here")).to_be_in_viewport(ratio=1)
        last = bob.said("good", room)
        bob.sends("PATCH", f"/api/chat/messages/{last['id']}/", content="good\n" * 20 + "end")
        expect(ann.page.locator("article").last.get_by_role("time")).to_be_in_viewport()


class TestUnread:
    def test_a_room_opens_at_the_first_new_message(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        talk(room, bob, 80)  # more than one page
        ann.sends("POST", f"/api/chat/rooms/{room['id']}/read/", seq=10)
        ann.opens("#/").goes_to(room)
        expect(ann.page.get_by_role("separator").filter(has_text="New messages")).to_be_in_viewport()
        expect(row(ann.page, "message 11")).to_be_in_viewport()
        expect(row(ann.page, "message 80")).not_to_be_in_viewport()
        ann.page.get_by_role("button", name=re.compile("^To the newest message, ")).click()
        expect(row(ann.page, "message 80")).to_be_in_viewport()
        expect(ann.page.get_by_role("link", name=re.compile("Kitchen.*unread"))).to_have_count(0)

    def test_a_room_that_was_read_elsewhere_opens_at_its_end(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        talk(room, bob, 80)
        ann.sends("POST", f"/api/chat/rooms/{room['id']}/read/", seq=10)
        with ann.expects("response", lambda response: "around_seq=10" in response.url):
            ann.opens("#/")  # the page prepares the room
        ann.sends("POST", f"/api/chat/rooms/{room['id']}/read/", seq=80)
        expect(ann.page.get_by_role("link", name=re.compile("Kitchen.*unread"))).to_have_count(0)
        ann.goes_to(room)
        expect(row(ann.page, "message 80")).to_be_in_viewport()

    def test_what_is_read_without_a_network_is_reported_later(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        talk(room, bob, 40)
        ann.sends("POST", f"/api/chat/rooms/{room['id']}/read/", seq=10)
        ann.opens_room(room)
        expect(row(ann.page, "message 11")).to_be_in_viewport()
        ann.complaints.expect("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED")
        ann.loses_the_network()
        with ann.page.expect_event("requestfailed", lambda request: "/read/" in request.url):
            scroll(ann.page, 20_000)
        with ann.page.expect_response(re.compile("/read/")):
            ann.has_a_network_again()
        expect(ann.page.get_by_role("link", name=re.compile("Kitchen.*unread"))).to_have_count(0)

    def test_a_page_without_focus_reads_nothing(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        ann.opens_room(room)
        page = ann.page
        # A browser without windows never takes the focus from a page.
        ann.changes_the_page("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")
        message = bob.said("psst", room)
        expect(page.get_by_role("link", name=re.compile("Kitchen.*1 unread message"))).to_be_visible()
        expect(page.get_by_role("separator").filter(has_text="New messages")).to_be_attached()
        page.evaluate("delete document.hasFocus; dispatchEvent(new Event('focus'))")
        expect(page.get_by_role("link", name=re.compile("Kitchen.*unread"))).to_have_count(0)
        line = page.get_by_role("separator").filter(has_text="New messages")
        expect(line).to_be_attached()

        page.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")
        bob.sends("PUT", f"/api/chat/messages/{message['id']}/reactions/{quote('🎉')}/")
        expect(page.get_by_role("button", name="🎉 1: Bob")).to_be_visible()
        expect(line).to_be_attached()
        bob.said("are you there?", room)
        expect(row(page, "are you there")).to_be_visible()
        expect(page.locator(".timeline [role=separator]:has-text('New messages') + * .text")).to_have_text(
            "are you there?"
        )

    def test_a_screen_reader_hears_each_new_message_once(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        bob.said("long ago", room)
        ann.opens_room(room)
        ann.sees("long ago")
        log = ann.page.get_by_role("log")
        ann.says("hello")
        bob.said("hello Ann", room)
        expect(log).to_have_text("Bob: hello Ann")
        bob.said("how are you?", room)
        expect(log.locator("p")).to_have_text(["Bob: hello Ann", "Bob: how are you?"])


class TestOneMessage:
    def test_a_message_is_answered_changed_and_deleted_by_keyboard_alone(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        bob.said("tea or coffee?", room)
        ann.said("tea", room)
        ann.opens_room(room)
        page = ann.page
        expect(ann.composer).to_be_focused()
        page.keyboard.press("Shift+Tab")
        row(page, "tea or coffee").focus()
        page.keyboard.press("Enter")
        page.get_by_role("menuitem", name="Reply").press("Enter")
        expect(ann.composer).to_be_focused()
        ann.says("both")
        expect(row(page, "both").get_by_role("button", name=re.compile("In reply to Bob"))).to_be_visible()
        row(page, "both").focus()
        page.keyboard.press("ArrowUp")
        expect(row(page, "tea").last).to_be_focused()
        page.keyboard.press("Shift+F10")
        page.get_by_role("menuitem", name="Delete").press("Enter")
        page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
        ann.sees("Message deleted")

    def test_a_quote_leads_to_its_message_and_back(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        first = talk(room, bob, 40)[0]
        bob.said("as I said", room, reply_to=first["id"])
        ann.opens(f"#/rooms/{room['id']}")
        ann.page.get_by_role("button", name=re.compile("^To the newest message")).click()
        row(ann.page, "as I said").get_by_role("button", name=re.compile("In reply to")).click()
        expect(row(ann.page, "message 1")).to_be_in_viewport()
        ann.page.get_by_role("button", name=re.compile("^To the newest message")).click()
        expect(row(ann.page, "as I said")).to_be_in_viewport()

    def test_people_react_and_see_who_did(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        message = bob.said("cake!", room)
        ann.opens_room(room)
        row(ann.page, "cake").hover()
        row(ann.page, "cake").get_by_role("button", name="More actions").click()
        ann.page.get_by_role("menuitemcheckbox", name="React with 🎉").click()
        expect(row(ann.page, "cake")).to_be_focused()  # the toolbar has left with the pointer
        mine = ann.page.get_by_role("button", name="🎉 1: You")
        expect(mine).to_have_attribute("aria-pressed", "true")
        bob.sends("PUT", f"/api/chat/messages/{message['id']}/reactions/{quote('🎉')}/")
        both = ann.page.get_by_role("button", name=re.compile("🎉 2: (You, Bob|Bob, You)"))
        expect(both).to_be_visible()
        both.click()
        expect(ann.page.get_by_role("button", name="🎉 1: Bob")).to_be_visible()
        row(ann.page, "cake").click(button="right")
        ann.page.get_by_role("menuitem", name="Who reacted").click()
        expect(ann.page.get_by_role("dialog").get_by_text("Bob", exact=True)).to_be_visible()

    def test_a_refused_reaction_goes_again(self, ann: Person, bob: Person) -> None:
        chat = ann.chats_with(bob)
        bob.said("hello", chat)
        ann.opens_room(chat)
        ann.complaints.expect("status of 403")
        bob.sends("POST", f"/api/chat/users/{ann.id}/block/")
        row(ann.page, "hello").click(button="right")
        ann.page.get_by_role("menuitemcheckbox", name="React with 👍").click()
        expect(ann.page.locator(".toast")).to_be_visible()
        expect(ann.page.locator(".reaction")).to_have_count(0)

    def test_a_blocked_author_is_collapsed_until_asked_for(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        bob.said("nasty words", room)
        ann.opens_room(room)
        row(ann.page, "nasty words").click(button="right")
        ann.page.get_by_role("menuitem", name="Block Bob").click()
        ann.page.get_by_role("dialog").get_by_role("button", name="Block").click()
        expect(ann.page.get_by_role("article").get_by_text("nasty words")).to_have_count(0)
        ann.page.get_by_role("button", name="Show", exact=True).click()
        expect(ann.page.get_by_role("article").get_by_text("nasty words")).to_be_visible()

    def test_a_message_is_reported(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        bob.said("buy gold", room)
        ann.opens_room(room)
        row(ann.page, "buy gold").click(button="right")
        ann.page.get_by_role("menuitem", name="Report").click()
        ann.page.get_by_role("radio", name="Something else").check()
        ann.page.get_by_role("textbox", name="Comment").fill("again and again")
        ann.presses("Send report")
        ann.sees("Thank you. Administrators will look at it.")

    def test_pinned_messages_stand_above_the_others(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        talk(room, bob, 40)
        bob.said("the rules", room)
        ann.opens_room(room)
        ann.page.get_by_role("button", name=re.compile("^To the newest message")).click()
        row(ann.page, "the rules").click(button="right")
        ann.page.get_by_role("menuitem", name="Pin").click()
        bar = ann.page.get_by_role("region", name="Pinned messages")
        scroll(ann.page, -5_000)
        bar.get_by_role("button", name=re.compile("the rules")).click()
        expect(row(ann.page, "the rules")).to_be_in_viewport()
        bar.get_by_role("button", name="All pins").click()
        ann.page.get_by_role("dialog").get_by_role("button", name="Unpin").click()
        ann.sees("Nothing is pinned here.")

    def test_the_buttons_of_a_message_cover_no_text(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        first = bob.said("words " * 80, room)
        ann.said("more words " * 80, room)
        bob.said("words " * 80, room, reply_to=first["id"])
        page = ann.opens_room(room).page
        expect(page.locator(".bubble .quote")).to_be_visible()
        for width in (390, 720, 840):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(_QUOTES_TOO_WIDE) == 0, f"at {width} px"
        for width in (640, 1000, 1100):
            page.set_viewport_size({"width": width, "height": 900})
            for message in page.locator("article .bubble").all():
                message.hover()
                expect(page.locator("article:hover .message-toolbar")).to_be_visible()
                assert page.evaluate(_COVERED) == [], f"at {width} px"
        page.set_viewport_size({"width": 1000, "height": 320})
        page.locator("article .bubble").last.hover(position={"x": 20, "y": 150})
        expect(page.locator("article:hover .message-toolbar")).to_be_in_viewport(ratio=1)


def test_mentions_lead_to_their_messages(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen", bob)
    bob.said(f"@{ann.username} look", room)
    ann.opens("#/mentions")
    expect(ann.page.get_by_role("heading", name="Mentions")).to_be_visible()
    ann.page.get_by_role("main").get_by_role("link", name=re.compile("look")).click()
    expect(row(ann.page, f"@{ann.username} look")).to_be_in_viewport()


_OVERLAP = """(row) => {
  const words = document.createRange();
  words.selectNodeContents(row.querySelector(".text"));
  const time = row.querySelector(".message-meta").getBoundingClientRect();
  const bubble = row.querySelector(".bubble").getBoundingClientRect();
  const hits = (line) =>
    line.left < time.right && line.right > time.left && line.top < time.bottom && line.bottom > time.top;
  const lines = [...words.getClientRects()];
  return {covers: lines.some(hits), isBeside: time.top < lines.at(-1).bottom, isInside: time.left > bubble.left};
}"""


def test_the_time_stands_beside_the_last_words_and_never_on_them(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Times", bob)
    short, long = "Short", " ".join(["word"] * 14)
    texts = [short, *(f"{long} {'m' * length}" for length in range(0, 40, 3)), "שלום לכולם"]
    for text in texts:
        ann.said(text, room)
    ann.opens_room(room)
    rows = ann.page.locator("article")
    expect(rows).to_have_count(len(texts))
    measured = [rows.nth(at).evaluate(_OVERLAP) for at in range(len(texts))]
    assert [one for one in measured if one["covers"] or not one["isInside"]] == []
    assert measured[0]["isBeside"]
    assert not measured[-1]["isBeside"]  # a line from right to left ends where the time would stand


def test_the_days_of_a_page_that_stays_open_overnight_stay_right(ann: Person) -> None:
    room = ann.makes_room("Nights")
    ann.said("Good night", room)
    ann.context.clock.install()
    ann.opens_room(room)
    expect(ann.page.locator(".day")).to_have_text(["Today"])
    ann.context.clock.fast_forward("24:01:00")
    expect(ann.page.locator(".day")).to_have_text(["Yesterday"])
    expect(ann.page.locator(".room-time").first).not_to_have_text(re.compile(":"))  # the weekday


def test_the_controls_of_messages_come_after_a_start_without_a_network(ann: Person) -> None:
    room = ann.makes_room("Tunnel")
    ann.said("hello", room)
    ann.complaints.expect("ERR_INTERNET_DISCONNECTED", "WebSocket connection")
    ann.opens_room(room)
    ann.loses_the_network()
    ann.page.mouse.move(600, 400)
    ann.page.mouse.move(620, 420)
    ann.sees("You are offline")
    expect(ann.page.locator(".toast")).to_have_count(0)
    ann.has_a_network_again()
    ann.page.locator("article .bubble").hover()
    expect(ann.page.get_by_role("group", name="Actions")).to_be_visible()
