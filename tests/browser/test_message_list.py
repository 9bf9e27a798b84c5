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

MESSAGES = scaled(2_000, 10_000)
MIDDLE = MESSAGES // 2
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
_OLDER = """(last) => new Promise(done => {
  document.querySelector(".scroller").scrollTo(0, 0);
  let frames = 0;
  requestAnimationFrame(function look() {
    const rows = document.querySelectorAll("article");
    const first = Number(/message number (\\d+)/.exec(rows[0].textContent)[1]);
    frames += 1;
    if (first === last && frames < 600) requestAnimationFrame(look); else done([first, rows.length]);
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
_OVERLAPS = """(rows) => rows.map((row) => {
  const words = document.createRange();
  words.selectNodeContents(row.querySelector(".text"));
  const time = row.querySelector(".message-meta").getBoundingClientRect();
  const bubble = row.querySelector(".bubble").getBoundingClientRect();
  const hits = (line) =>
    line.left < time.right && line.right > time.left && line.top < time.bottom && line.bottom > time.top;
  const lines = [...words.getClientRects()];
  return {covers: lines.some(hits), isBeside: time.top < lines.at(-1).bottom, isInside: time.left > bubble.left};
})"""
_TOMORROW = """() => {
  const {Date: Now} = globalThis;
  const {now} = Now;
  Now.now = () => now() + 86_460_000;
  globalThis.Date = new Proxy(Now, {construct: (_, given) => new Now(...(given.length ? given : [Now.now()]))});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose public room 1 has thousands of messages."""
    folder = tmp_path_factory.mktemp("archive")
    numbers = {"users": 3, "rooms": 2, "members": 2, "messages": MESSAGES}
    filled = run_minichat(folder, "demo", *(f"--{name}={count}" for name, count in numbers.items()))
    assert filled.returncode == 0, filled.stderr
    with serving(folder, rate_limits="off") as server:
        yield server


@pytest.fixture
def reader(people: People, archive: RunningServer) -> Person:
    """Somebody in the room with thousands of messages."""
    reader = people.person("Rita", archive)
    reader.sends("POST", "/api/chat/rooms/1/join/")
    return reader


def row(page: Page, text: str) -> Locator:
    """Return the row of the message whose text begins so."""
    return page.locator("article", has=page.locator(".message-body", has_text=re.compile(rf"^{re.escape(text)}\b")))


def scroll(page: Page, pixels: int) -> None:
    page.evaluate("pixels => document.querySelector('.scroller').scrollBy(0, pixels)", pixels)


def top_of(element: Locator) -> float:
    return float(element.evaluate("element => element.getBoundingClientRect().top"))


def talk(room: Json, author: Person, count: int) -> list[Json]:
    """Let the author say `message 1` to `message <count>`, of different heights."""
    texts = [f"message {number}" + " and more\nlines" * (number % 3) for number in range(1, count + 1)]
    return [author.said(text, room) for text in texts]


class TestLongHistory:
    def test_thousands_of_messages_are_few_elements_and_open_at_once(self, reader: Person) -> None:
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

        last, scrolls = MESSAGES, 0
        # A scroll may be seen in two steps: what is loaded appears before what it loads.
        while scrolls < scaled(6, 60) or last >= scaled(MESSAGES - 400, 200):
            scrolls += 1
            older, elements = page.evaluate(_OLDER, last)
            assert older < last
            assert elements <= MOST_ELEMENTS
            last = older

    def test_older_messages_that_load_neither_move_the_view_nor_undo_a_movement(self, reader: Person) -> None:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        def opens_above_held_messages(number: int) -> float:
            """Open the place of a message. Return the height of the list before older messages are loaded."""
            held.clear()
            page.evaluate("address => { location.hash = address; }", f"#/rooms/1/messages/{number}")
            expect(row(page, f"message number {number}")).to_be_in_viewport()
            expect(scroller).not_to_have_attribute("aria-busy", re.compile(""))
            assert held
            return float(scroller.evaluate("scroller => scroller.scrollHeight"))

        def lets_them_load() -> None:
            for request in held:
                request.continue_()

        reader.opens("#/")
        reader.meets(re.compile("before="), hold)
        page = reader.page
        scroller = page.locator(".scroller")
        height = opens_above_held_messages(MIDDLE)
        target = row(page, f"message number {MIDDLE}")
        before = top_of(target)
        lets_them_load()
        tops = target.evaluate(_TOPS)
        assert scroller.evaluate("scroller => scroller.scrollHeight") > height + 1_000
        assert max(abs(top - before) for top in tops) < STILL_PX

        height = opens_above_held_messages(MIDDLE // 2)
        # The event of the movement comes late.
        reader.changes_the_page("addEventListener('scroll', event => event.stopImmediatePropagation(), true)")
        scroll(page, -20_000)
        lets_them_load()
        scroller.evaluate(_GROWN, height)
        expect(row(page, f"message number {MIDDLE // 2 - 25}")).to_be_in_viewport()
        expect(row(page, f"message number {MIDDLE // 2}")).not_to_be_in_viewport()

    def test_a_jump_to_the_end_or_from_a_search_and_back_finds_the_same_place(self, reader: Person) -> None:
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

        reader.goes_to_address("#/search/1")
        page.get_by_role("searchbox", name="Words to find").fill("number 777")
        found = page.get_by_role("link", name=re.compile("message number 777 "))
        expect(found.locator("mark").first).to_have_text("number")
        page.keyboard.press("ArrowDown")
        found.press("Enter")
        expect(row(page, "message number 777")).to_be_in_viewport()
        page.go_back()
        expect(page.get_by_role("searchbox", name="Words to find")).to_have_value("number 777")

    def test_arrow_keys_bring_messages_into_view(self, reader: Person) -> None:
        page = reader.opens("#/rooms/1").page
        row(page, f"message number {MESSAGES}").focus()
        page.keyboard.press("ArrowUp")
        expect(row(page, f"message number {MESSAGES - 1}")).to_be_focused()  # the controls are loaded
        for _ in range(14):
            page.keyboard.press("ArrowUp")
        expect(row(page, f"message number {MESSAGES - 15}")).to_be_focused()
        expect(row(page, f"message number {MESSAGES - 15}")).to_be_in_viewport(ratio=0.9)
        page.keyboard.press("End")
        expect(row(page, f"message number {MESSAGES}")).to_be_focused()
        expect(row(page, f"message number {MESSAGES}")).to_be_in_viewport(ratio=0.9)


def test_nothing_moves_a_reader_but_the_end_stays_in_view(ann: Person, bob: Person) -> None:
    room, other = ann.makes_room("Kitchen", bob), ann.makes_room("Office")
    messages = talk(room, bob, 40)
    ann.opens(f"#/rooms/{room['id']}/messages/{messages[24]['id']}")
    page = ann.page
    held = row(page, "message 25")
    expect(held).to_be_in_viewport()

    # Changes above
    before = top_of(held)
    changed, reacted, deleted = (f"/api/chat/messages/{one['id']}/" for one in messages[11:14])
    bob.sends("PATCH", changed, content="changed\n" * 12)
    bob.sends("PUT", f"{reacted}reactions/{quote('👍')}/")
    bob.sends("DELETE", deleted)
    expect(page.get_by_text("Message deleted")).to_have_count(1)
    expect(row(page, "changed")).to_have_count(1)
    assert abs(top_of(held) - before) < STILL_PX

    # Another room
    scroll(page, -150)
    before = top_of(held)
    ann.goes_to(other)
    ann.goes_to(room)
    expect(held).to_be_in_viewport()
    assert abs(top_of(held) - before) < STILL_PX

    # New messages
    bob.said("are you there?", room)
    newest = page.get_by_role("button", name=re.compile("^To the newest message, "))
    expect(newest).to_be_visible()
    assert abs(top_of(held) - before) < STILL_PX
    newest.click()
    expect(row(page, "are you there")).to_be_in_viewport()
    expect(newest).to_have_count(0)

    # The end
    scroll(page, -2_000)
    expect(row(page, "are you there")).not_to_be_in_viewport()
    ann.says("I am here")
    expect(row(page, "I am here")).to_be_in_viewport(ratio=1)
    last = bob.said("good", room)
    bob.sends("PATCH", f"/api/chat/messages/{last['id']}/", content="good\n" * 20 + "end")
    expect(page.locator("article").last.get_by_role("time")).to_be_in_viewport()


class TestUnread:
    def test_a_room_opens_at_the_first_new_message_or_at_its_end_if_it_was_read_elsewhere(
        self, people: People, ann: Person, bob: Person
    ) -> None:
        carol = people.person("Carol")
        room = ann.makes_room("Kitchen", bob, carol)
        last = talk(room, bob, 80)[-1]["seq"]  # more than one page
        for one in (ann, carol):
            one.sends("POST", f"/api/chat/rooms/{room['id']}/read/", seq=last - 70)

        ann.opens("#/").goes_to(room)
        unread = ann.page.get_by_role("link", name=re.compile("Kitchen.*unread"))
        expect(ann.page.get_by_role("separator").filter(has_text="New messages")).to_be_in_viewport()
        expect(row(ann.page, "message 11")).to_be_in_viewport()
        expect(row(ann.page, "message 80")).not_to_be_in_viewport()
        ann.page.get_by_role("button", name=re.compile("^To the newest message, ")).click()
        expect(row(ann.page, "message 80")).to_be_in_viewport()
        expect(unread).to_have_count(0)

        with carol.expects("response", lambda response: f"around_seq={last - 70}" in response.url):
            carol.opens("#/")  # the page prepares the room
        carol.sends("POST", f"/api/chat/rooms/{room['id']}/read/", seq=last)
        expect(carol.page.get_by_role("link", name=re.compile("Kitchen.*unread"))).to_have_count(0)
        carol.goes_to(room)
        expect(row(carol.page, "message 80")).to_be_in_viewport()

        # What is read without a network is reported later.
        scroll(ann.page, -2_000)
        bob.said("are you there?", room)
        expect(unread).to_have_count(1)
        ann.complaints.expect("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED")
        ann.loses_the_network()
        with ann.page.expect_event("requestfailed", lambda request: "/read/" in request.url):
            scroll(ann.page, 20_000)
        with ann.page.expect_response(re.compile("/read/")):
            ann.has_a_network_again()
        expect(unread).to_have_count(0)

    def test_a_page_without_focus_reads_nothing_and_knows_the_day(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        ann.opens_room(room)
        page = ann.page
        # A browser without windows never takes the focus from a page.
        ann.changes_the_page("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")
        message = bob.said("psst", room)
        expect(page.get_by_role("link", name=re.compile("Kitchen.*1 unread message"))).to_be_visible()
        line = page.get_by_role("separator").filter(has_text="New messages")
        expect(line).to_be_attached()
        page.evaluate("delete document.hasFocus; dispatchEvent(new Event('focus'))")
        expect(page.get_by_role("link", name=re.compile("Kitchen.*unread"))).to_have_count(0)
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

        # The page stays open overnight.
        expect(page.locator(".day")).to_have_text(["Today"])
        page.evaluate(_TOMORROW)
        expect(page.locator(".day")).to_have_text(["Yesterday"])
        expect(page.locator(".room-time").first).not_to_have_text(re.compile(":"))  # the weekday


class TestOneMessage:
    def test_a_message_is_answered_and_deleted_by_keyboard_alone_and_news_are_heard_once(
        self, ann: Person, bob: Person
    ) -> None:
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
        bob.said("hello Ann", room)
        expect(page.get_by_role("log")).to_have_text("Bob: hello Ann")
        bob.said("how are you?", room)
        expect(page.get_by_role("log").locator("p")).to_have_text(["Bob: hello Ann", "Bob: how are you?"])

        row(page, "both").focus()
        page.keyboard.press("ArrowUp")
        expect(row(page, "tea").last).to_be_focused()
        page.keyboard.press("Shift+F10")
        page.get_by_role("menuitem", name="Delete").press("Enter")
        page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
        ann.sees("Message deleted")

    def test_a_quote_and_a_pin_lead_to_their_messages(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        first = talk(room, bob, 40)[0]
        bob.said("as I said", room, reply_to=first["id"])
        page = ann.opens(f"#/rooms/{room['id']}").page
        newest = page.get_by_role("button", name=re.compile("^To the newest message"))
        newest.click()
        row(page, "as I said").get_by_role("button", name=re.compile("In reply to")).click()
        expect(row(page, "message 1")).to_be_in_viewport()
        newest.click()
        expect(row(page, "as I said")).to_be_in_viewport()

        row(page, "as I said").click(button="right")
        page.get_by_role("menuitem", name="Pin").click()
        bar = page.get_by_role("region", name="Pinned messages")
        scroll(page, -5_000)
        bar.get_by_role("button", name=re.compile("as I said")).click()
        expect(row(page, "as I said")).to_be_in_viewport()
        bar.get_by_role("button", name="All pins").click()
        page.get_by_role("dialog").get_by_role("button", name="Unpin").click()
        ann.sees("Nothing is pinned here.")

    def test_a_mention_leads_to_its_message_to_which_people_react_and_which_is_reported(
        self, ann: Person, bob: Person
    ) -> None:
        room, chat = ann.makes_room("Kitchen", bob), ann.chats_with(bob)
        message = bob.said(f"@{ann.username} cake!", room)
        bob.said("hello", chat)
        page = ann.opens("#/mentions").page
        expect(page.get_by_role("heading", name="Mentions")).to_be_visible()
        page.get_by_role("main").get_by_role("link", name=re.compile("cake")).click()
        mentioning = row(page, f"@{ann.username} cake")
        expect(mentioning).to_be_in_viewport()

        mentioning.hover()
        mentioning.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitemcheckbox", name="React with 🎉").click()
        expect(mentioning).to_be_focused()  # the toolbar has left with the pointer
        mine = page.get_by_role("button", name="🎉 1: You")
        expect(mine).to_have_attribute("aria-pressed", "true")
        bob.sends("PUT", f"/api/chat/messages/{message['id']}/reactions/{quote('🎉')}/")
        page.get_by_role("button", name=re.compile("🎉 2: (You, Bob|Bob, You)")).click()
        expect(page.get_by_role("button", name="🎉 1: Bob")).to_be_visible()
        mentioning.click(button="right")
        page.get_by_role("menuitem", name="Who reacted").click()
        expect(page.get_by_role("dialog").get_by_text("Bob", exact=True)).to_be_visible()
        page.keyboard.press("Escape")

        mentioning.click(button="right")
        page.get_by_role("menuitem", name="Report").click()
        page.get_by_role("radio", name="Something else").check()
        page.get_by_role("textbox", name="Comment").fill("again and again")
        ann.presses("Send report")
        ann.sees("Thank you. Administrators will look at it.")
        page.locator(".toast").get_by_role("button", name="Close").click()

        # A refused reaction goes again.
        ann.goes_to(chat)
        ann.complaints.expect("status of 403")
        bob.sends("POST", f"/api/chat/users/{ann.id}/block/")
        row(page, "hello").click(button="right")
        page.get_by_role("menuitemcheckbox", name="React with 👍").click()
        expect(page.locator(".toast.is-problem")).to_be_visible()
        expect(page.locator(".reaction")).to_have_count(0)

    def test_neither_the_time_nor_the_buttons_of_a_message_cover_its_text(self, ann: Person, bob: Person) -> None:
        times, room = ann.makes_room("Times"), ann.makes_room("Kitchen", bob)
        long = " ".join(["word"] * 14)
        texts = ["Short", *(f"{long} {'m' * length}" for length in range(0, 40, 3)), "שלום לכולם"]
        for text in texts:
            ann.said(text, times)
        first = bob.said("words " * 80, room)
        ann.said("more words " * 80, room)
        bob.said("words " * 80, room, reply_to=first["id"])

        page = ann.opens_room(times).page
        expect(page.locator("article")).to_have_count(len(texts))
        measured = page.locator("article").evaluate_all(_OVERLAPS)
        assert [one for one in measured if one["covers"] or not one["isInside"]] == []
        assert measured[0]["isBeside"]
        assert not measured[-1]["isBeside"]  # a line from right to left ends where the time would stand

        ann.goes_to(room)
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
