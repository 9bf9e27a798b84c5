"""Several tabs of one person: one session, one refresh, one notification; and what an end of the session leaves."""

import json
import re
from typing import Any

from playwright.sync_api import Page, expect

from browser.conftest import People
from browser.people import Person
from e2e.crowd import PASSWORD, Json, wait_until
from scale import scaled

TABS = scaled(3, 5)
SPY = """
  globalThis.notices = [];
  globalThis.tones = 0;
  globalThis.Notification = class extends Notification {
    static permission = "granted";  // which a browser without windows never says
    constructor(title, options) {
      super(title, options);
      notices.push([title, options.body]);
      globalThis.newest = this;
    }
  };
  const {start} = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...when) { tones += 1; return start.apply(this, when); };
"""
"""Records the notifications and the tones of a page; the browser makes them as before."""
STORED = "Object.fromEntries(Object.entries(localStorage).filter(([key]) => key.startsWith('minichat:')))"


def refreshes_of(person: Person) -> list[str]:
    """Return a list that grows by one with each refresh of the tokens."""
    seen: list[str] = []
    person.hears("request", lambda request: seen.append(request.url) if request.url.endswith("/refresh/") else None)
    return seen


def expire_tokens(person: Person) -> None:
    """Let the server refuse every access token that exists now, as after its hour."""
    expired: set[str] = set()
    fresh = {"value": False}

    def answer(route: Any) -> None:
        token = route.request.headers.get("authorization", "")
        if not fresh["value"] or token in expired:
            expired.add(token)
            route.fulfill(status=401, content_type="application/json", body=json.dumps({"code": "token_expired"}))
        else:
            route.continue_()

    def refresh(route: Any) -> None:
        fresh["value"] = True
        route.continue_()

    person.meets(re.compile("/api/chat/|/api/auth/me/"), answer)
    person.meets(re.compile("/token/refresh/"), refresh)


def stored_in(page: Page) -> Json:
    values: Json = page.evaluate(STORED)
    return values


def test_tabs_with_an_expired_token_refresh_once_and_stay_logged_in(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen", bob)
    sockets: list[str] = []
    ann.hears("websocket", lambda socket: sockets.append(socket.url))
    for _ in range(TABS):
        ann.opens_room(room)
    refreshes = refreshes_of(ann)
    ann.complaints.expect("status of 401")
    expire_tokens(ann)
    for number, page in enumerate(ann.pages):
        composer = page.get_by_role("textbox", name="Message", exact=True)
        composer.fill(f"from tab {number}")
        composer.press("Enter")
    for page in ann.pages:
        expect(page.get_by_role("article")).to_have_count(TABS)
        expect(page.get_by_text("Sending")).to_have_count(0)
    assert len(refreshes) == 1
    assert len(sockets) == TABS
    assert all("/ws/chat/?ticket=" in url for url in sockets)


def test_a_log_out_ends_all_tabs_and_wipes_what_they_stored(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen", bob)
    ann.opens("#/settings/appearance")
    ann.page.get_by_label("Dark").check()
    ann.goes_to_address(f"#/rooms/{room['id']}")
    ann.composer.fill("a secret draft")
    wait_until(lambda: "a secret draft" in ann.page.evaluate(f"JSON.stringify({STORED})"), "the stored draft")
    ann.opens_room(room)
    first, second = ann.pages
    second.get_by_role("button", name=re.compile("^Menu")).click()
    second.get_by_role("menuitem", name="Log out").click()
    for page in (first, second):
        expect(page.get_by_role("heading", name="Log in to minichat")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.get_by_text("Kitchen")).to_have_count(0)
    assert json.loads(stored_in(first)["minichat:settings"]) == {"theme": "dark", "language": "system"}
    assert list(stored_in(first)) == ["minichat:settings"]
    first.reload()
    expect(first.get_by_role("heading", name="Log in to minichat")).to_be_visible()


def test_a_log_in_of_somebody_else_changes_all_tabs(ann: Person, bob: Person) -> None:
    ann.makes_room("Kitchen of Ann")
    bob.makes_room("Garden of Bob")
    ann.opens("#/").opens("#/")
    first, second = ann.pages
    expect(first.get_by_text("Kitchen of Ann")).to_be_visible()
    second.get_by_role("button", name=re.compile("^Menu")).click()
    second.get_by_role("menuitem", name="Log out").click()
    second.get_by_label("Username").fill(bob.username)
    second.get_by_label("Password", exact=True).fill(PASSWORD)
    second.get_by_role("button", name="Log in").click()
    for page in (first, second):
        expect(page.get_by_text("Garden of Bob")).to_be_visible()
        expect(page.get_by_text("Kitchen of Ann")).to_have_count(0)


def test_a_session_that_the_server_ended_keeps_the_drafts_of_its_user_alone(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen")
    ann.opens_room(room)
    ann.composer.fill("half a thought")
    wait_until(lambda: "half a thought" in ann.page.evaluate(f"JSON.stringify({STORED})"), "the stored draft")
    ann.complaints.expect("status of 401", "WebSocket connection")  # it may still be connecting
    ann.account.call("POST", "/api/auth/logout/")
    ann.sees("Your session has ended.")
    ann.fills(username=ann.username, password=PASSWORD)
    ann.presses("Log in")
    expect(ann.composer).to_have_value("half a thought")

    other = bob.logged_out().opens("#/log-in")
    other.page.evaluate(
        "([user, room]) => { localStorage['minichat:ended'] = user;"
        ' localStorage[`minichat:draft/${user}/${room}`] = \'{"text": "half a thought"}\'; }',
        [ann.id, room["id"]],
    )
    other.fills(username=bob.username, password=PASSWORD)
    other.presses("Log in")
    other.sees("No chats yet")
    assert "half a thought" not in json.dumps(stored_in(other.page))


class TestNotifications:
    def test_three_tabs_make_one_notification_and_one_sound_and_none_for_the_open_room(
        self, ann: Person, bob: Person
    ) -> None:
        room = ann.makes_room("Kitchen", bob)
        pages = with_notifications(ann)
        bob.said("supper is ready", room)
        expect(pages[0]).to_have_title(re.compile(r"^\(1\) "))
        for page in pages[1:]:
            expect(page).to_have_title(re.compile(r"^\(1\) "))
        pages[0].wait_for_timeout(400)  # nothing announces that no further notification comes
        notices = [notice for page in pages for notice in page.evaluate("notices")]
        assert notices == [["Bob in Kitchen", "supper is ready"]]
        assert sum(page.evaluate("tones") for page in pages) == 2  # one sound has two tones
        [page] = [page for page in pages if page.evaluate("notices.length")]
        page.evaluate("newest.dispatchEvent(new Event('click'))")
        expect(page.get_by_role("article").get_by_text("supper is ready")).to_be_visible()

        page.bring_to_front()
        bob.said("come now", room)
        expect(page.get_by_role("article").get_by_text("come now")).to_be_visible()
        page.wait_for_timeout(400)
        assert sum(page.evaluate("notices.length") for page in pages) == 1

    def test_mentions_have_a_sign_in_the_title_and_a_colour_in_the_icon(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        ann.opens("#/")
        icon = ann.page.locator('link[rel="icon"]')
        expect(icon).to_have_attribute("href", re.compile(r"icon\.svg"))
        bob.said(f"hello @{ann.username}", room)
        expect(ann.page).to_have_title("(@1 · 1) minichat")
        expect(icon).to_have_attribute("href", re.compile("^data:image/svg.*d9303c"))
        ann.goes_to(room)
        expect(ann.page).to_have_title("Kitchen · minichat")
        expect(icon).to_have_attribute("href", re.compile(r"icon\.svg"))


def with_notifications(ann: Person) -> list[Page]:
    """Open three tabs at the start, which may notify and play."""
    ann.may("notifications")
    ann.begins_pages_with(SPY)
    ann.begins_pages_with("localStorage['minichat:settings'] = JSON.stringify({notifications: true, sound: true})")
    for _ in range(3):
        ann.opens("#/")
        expect(ann.page.get_by_text("Kitchen").first).to_be_visible()
        ann.page.mouse.click(5, 5)  # a page may play once the user has touched it
    return ann.pages


def test_the_page_works_without_storage(people: People, ann: Person) -> None:
    room = ann.makes_room("Kitchen")
    visitor = people.visitor()
    visitor.begins_pages_with(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('blocked', 'SecurityError') }})"
    )
    visitor.opens("#/log-in")
    visitor.fills(username=ann.username, password=PASSWORD)
    visitor.presses("Log in")
    visitor.page.get_by_role("link", name=re.compile("Kitchen")).click()
    composer = visitor.page.get_by_role("textbox", name="Message", exact=True)
    composer.fill("without storage")
    composer.press("Enter")
    wait_until(lambda: len(ann.account.history(room["id"])) == 1, "the message of a page without storage")


def test_a_full_storage_loses_no_session(ann: Person) -> None:
    room = ann.makes_room("Kitchen")
    ann.opens_room(room)
    ann.page.evaluate("""() => {
      for (let size = 1 << 22; size > 0; size >>= 1) {
        try { for (let n = 0; ; n += 1) localStorage[`filler ${size} ${n}`] = 'x'.repeat(size); } catch {}
      }
    }""")
    ann.page.reload()
    ann.says("in a full storage")
    ann.composer.fill("half a thought")
    ann.page.reload()
    ann.sees("in a full storage")
    expect(ann.composer).to_have_value("half a thought")
