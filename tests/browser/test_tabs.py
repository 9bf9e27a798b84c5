"""Several tabs of one person: one session, one refresh, one look, one notification; and pages with little storage."""

import json
import re

from playwright.sync_api import Locator, Page, Route, expect

from browser.conftest import People
from browser.people import Person
from e2e.crowd import PASSWORD, Json, wait_until
from scale import scaled

TABS = scaled(2, 5)
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
STORED = """Object.fromEntries(Object.entries({...localStorage, ...sessionStorage})
  .filter(([key]) => key.startsWith("minichat:")))"""


def refreshes_of(person: Person) -> list[str]:
    """Return a list that grows by one with each refresh of the tokens."""
    seen: list[str] = []
    person.hears("request", lambda request: seen.append(request.url) if request.url.endswith("/refresh/") else None)
    return seen


def expire_tokens(person: Person) -> None:
    """Let the server refuse every access token that exists now, as after its hour: of all tabs at the same moment."""
    expired: set[str] = set()
    held: list[Route] = []
    has = {"refused": False, "refreshed": False}

    def answer(route: Route) -> None:
        token = route.request.headers.get("authorization", "")
        if has["refreshed"] and token not in expired:
            route.continue_()
            return
        expired.add(token)
        held.append(route)
        if has["refused"] or {one.request.frame.page for one in held} == set(person.pages):
            has["refused"] = True
            while held:
                body = json.dumps({"code": "token_expired"})
                held.pop(0).fulfill(status=401, content_type="application/json", body=body)

    def refresh(route: Route) -> None:
        has["refreshed"] = True
        route.continue_()

    person.meets(re.compile("/api/chat/|/api/auth/me/"), answer)
    person.meets(re.compile("/token/refresh/"), refresh)


def stored_in(page: Page) -> Json:
    values: Json = page.evaluate(STORED)
    return values


def field(page: Page, label: str = "Message") -> Locator:
    return page.get_by_role("textbox", name=label, exact=True)


def noticed_in(pages: list[Page]) -> tuple[list[list[str]], int]:
    """Return all notifications and the number of tones."""
    pages[0].wait_for_timeout(400)  # nothing announces that no further notification comes
    notices = [notice for page in pages for notice in page.evaluate("notices")]
    return notices, sum(page.evaluate("tones") for page in pages)


def icon(page: Page) -> Locator:
    return page.locator('link[rel="icon"]')


def with_notifications(ann: Person) -> list[Page]:
    """Open the tabs at the start, which may notify and play."""
    ann.may("notifications")
    ann.begins_pages_with(SPY)
    ann.begins_pages_with("localStorage['minichat:settings'] = JSON.stringify({notifications: true, sound: true})")
    for _ in range(TABS):
        ann.opens("#/")
        expect(ann.page.get_by_text("Kitchen of Ann").first).to_be_visible()
        expect(icon(ann.page)).to_have_attribute("href", re.compile(r"icon\.svg"))
        ann.page.mouse.click(5, 5)  # a page may play once the user has touched it
    return ann.pages


class TestOneSession:
    """The tabs of one browser show one user, in one look."""

    def test_tabs_notify_and_refresh_once_look_alike_log_out_and_log_in_together(
        self, people: People, ann: Person, bob: Person
    ) -> None:
        room = ann.makes_room("Kitchen of Ann", bob)
        carol = people.person("Carol")
        carol.makes_room("Garden of Carol")
        sockets: list[str] = []
        ann.hears("websocket", lambda socket: sockets.append(socket.url))
        pages = with_notifications(ann)
        self._notify_once(ann, bob, room)
        for page in pages:
            page.goto(f"{ann.base}/#/rooms/{room['id']}")
        self._refresh_once(ann)
        assert len(sockets) == TABS
        assert all("/ws/chat/?ticket=" in url for url in sockets)
        self._look_alike(ann)
        self._log_out(ann)
        self._log_in_as(carol, pages)

    def _notify_once(self, ann: Person, bob: Person, room: Json) -> None:
        """All tabs sign a mention, and one of them notifies, unless the room is open."""
        pages = ann.pages
        ann.goes_to(room)
        bob.said("come now", room)
        expect(ann.page.get_by_role("article").get_by_text("come now")).to_be_visible()
        assert noticed_in(pages) == ([], 0)

        ann.goes_to_address("#/")
        bob.said(f"supper is ready, @{ann.username}", room)
        for page in pages:
            expect(page).to_have_title("(@1 · 1) minichat")
            expect(icon(page)).to_have_attribute("href", re.compile("^data:image/svg.*d9303c"))
        sound_of_two_tones = 2
        notice = ["Bob in Kitchen of Ann", f"supper is ready, @{ann.username}"]
        assert noticed_in(pages) == ([notice], sound_of_two_tones)
        [page] = [page for page in pages if page.evaluate("notices.length")]
        page.evaluate("newest.dispatchEvent(new Event('click'))")
        expect(page.get_by_role("article").get_by_text("supper is ready")).to_be_visible()
        expect(page).to_have_title("Kitchen of Ann · minichat")
        expect(icon(page)).to_have_attribute("href", re.compile(r"icon\.svg"))

    def _refresh_once(self, ann: Person) -> None:
        """The tokens expire, and each tab sends a message."""
        refreshes = refreshes_of(ann)
        ann.complaints.expect("status of 401")
        expire_tokens(ann)
        for number, page in enumerate(ann.pages):
            field(page).fill(f"from tab {number}")
            field(page).press("Enter")
        for page in ann.pages:
            expect(page.get_by_role("article").get_by_text("from tab")).to_have_count(TABS)
            expect(page.get_by_text("Sending")).to_have_count(0)
        assert len(refreshes) == 1

    def _look_alike(self, ann: Person) -> None:
        """A theme and a language, chosen in one tab, change all at once."""
        chosen_in = ann.pages[0]
        chosen_in.goto(f"{ann.base}/#/settings/appearance")
        chosen_in.get_by_label("Dark").check()
        chosen_in.get_by_label("Русский").check()
        expect(chosen_in.get_by_role("heading", name="Оформление")).to_be_visible()
        for page in ann.pages[1:]:
            expect(field(page, "Сообщение")).to_be_visible()
        for page in ann.pages:
            expect(page.locator("html")).to_have_attribute("lang", "ru")
            expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    def _log_out(self, ann: Person) -> None:
        """A log-out in one tab ends all, and wipes what they stored, except their look."""
        first, last = ann.pages[0], ann.pages[-1]
        field(last, "Сообщение").fill("a secret draft")
        wait_until(lambda: "a secret draft" in json.dumps(stored_in(first), ensure_ascii=False), "the stored draft")
        last.get_by_role("button", name=re.compile("^Меню")).click()
        last.get_by_role("menuitem", name="Выйти").click()
        question = last.get_by_role("dialog", name="Выйти и удалить неотправленное?")
        question.get_by_role("button", name="Отмена").click()
        expect(field(last, "Сообщение")).to_have_value("a secret draft")
        last.get_by_role("button", name=re.compile("^Меню")).click()
        last.get_by_role("menuitem", name="Выйти").click()
        question.get_by_role("button", name="Выйти").click()
        for page in ann.pages:
            expect(page.get_by_role("heading", name="Вход в minichat")).to_be_visible()
            expect(page.locator("html")).to_have_attribute("data-theme", "dark")
            expect(page.get_by_text("Kitchen of Ann")).to_have_count(0)
        for page in ann.pages:
            stored = stored_in(page)
            assert list(stored) == ["minichat:settings"]
            assert json.loads(stored["minichat:settings"]) == {"theme": "dark", "language": "ru"}

    def _log_in_as(self, carol: Person, pages: list[Page]) -> None:
        """Somebody else logs in in one tab, and all show them."""
        last = pages[-1]
        last.get_by_label("Имя пользователя").fill(carol.username)
        last.get_by_label("Пароль", exact=True).fill(PASSWORD)
        last.get_by_role("button", name="Войти").click()
        for page in pages:
            expect(page.get_by_text("Garden of Carol")).to_be_visible()
            expect(page.get_by_text("Kitchen of Ann")).to_have_count(0)


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
    field(visitor.page).fill("without storage")
    field(visitor.page).press("Enter")
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
