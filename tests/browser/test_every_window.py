"""Every page, dialog, menu and panel of the web client, with names and texts that are long, foreign or markup.

At each stop of one tour, axe-core finds no violation in either theme, and nothing is wider than a phone or a desktop.
The test fails if the tour has not loaded a module of `views/` that is requested alone: a new window needs a stop.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from browser.conftest import People
from browser.people import Visitor, leaves_closed_dialogs
from browser.profiles import DESKTOP, PHONE
from minichat.api.web_client import JOINED, web_client

PACKAGE = Path(__file__).parents[2] / "src/minichat"
VIEWS = PACKAGE / "web/scripts/views"
MARKUP = "<img src=x onerror=alert(1)>"
WIDE = "W" * 60
MENU = ".menu"
RIGHT_TO_LEFT = "شكرا جزيلا، هل نلتقي غدا؟"
_CODE = "```js\nconst answer = '" + "x" * 200 + "'\n```"

_WIDER = """() => {
  const isClipped = element => {
    for (let one = element.parentElement; one && !one.matches(".app, dialog"); one = one.parentElement) {
      if (["hidden", "clip", "auto", "scroll"].includes(getComputedStyle(one).overflowX)) return true;
    }
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .map(element => [element, element.getBoundingClientRect()])
    .filter(([, {left, right, width}]) => width > 0 && (right > innerWidth + 1 || left < -1))
    .filter(([element]) => element.checkVisibility() && !element.closest(".only-heard, .tabs") && !isClipped(element))
    .map(([element, {left, right}]) => `${element.className}: ${left} to ${right}`);
}"""
_SCROLLING_SIDEWAYS = """() => [document.scrollingElement, ...document.querySelectorAll(".app *, dialog *, .menu")]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(one).overflowX))
  .filter(one => !one.matches("pre, pre *, .tabs, textarea, input"))
  .map(one => `${one.tagName} ${one.className} scrolls sideways: ${one.scrollWidth} in ${one.clientWidth}`)"""

_LOSING_ITS_BEGINNING = r"""() => [...document.querySelectorAll("body *")]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && /^\p{Script=Arabic}/u.test(one.textContent))
  .filter(one => getComputedStyle(one).textOverflow === "ellipsis" && getComputedStyle(one).direction === "ltr")
  .map(one => `${one.className} loses the beginning of a text that reads from right to left`)"""
_LINKS = "links => links.map(({textContent, hash}) => [textContent, hash])"
_MENU_WIDTH = f"document.querySelector('{MENU}').getBoundingClientRect().width"
_MARKUP = "() => [...document.querySelectorAll('[src=x]')].map(one => `a name or a text is markup: ${one.outerHTML}`)"
_WRONG = f"() => [({_WIDER})(), ({_SCROLLING_SIDEWAYS})(), ({_LOSING_ITS_BEGINNING})(), ({_MARKUP})()].flat()"


class Tour:
    """A walk of one person through the client."""

    def __init__(self, who: Visitor) -> None:
        self.who = who
        self.found: list[str] = []
        self.loaded: set[str] = set()
        who.loads_the_client().hears("request", self._note)

    @property
    def page(self) -> Page:
        return self.who.page

    def _note(self, request: Request) -> None:
        _, is_view, module = request.url.partition("/scripts/views/")
        if is_view:
            self.loaded.add(module)

    def stop(self, what: str, shown: Locator, within: str = "html") -> None:
        """Wait for the window, check it, and check it in the other size of the page, in which the tour goes on.

        A menu closes when the size of the page changes, so it has one. A step that needs a certain size sets it.
        """
        expect(shown.first).to_be_visible()
        complaints = self._check(within)
        if within != MENU:
            self.page.set_viewport_size(PHONE if self.page.viewport_size == DESKTOP else DESKTOP)
            complaints += self._check(within)
        self.found += [f"{what}: {one}" for one in complaints]

    def _check(self, within: str) -> list[str]:
        size = self.page.viewport_size
        complaints = [f"{size}: {one}" for one in self.page.evaluate(_WRONG)]
        if size == DESKTOP or within == MENU:
            complaints += self.who.has_violations(within)
        return complaints

    def dialog(self, what: str, title: str | re.Pattern[str] | None = None) -> Locator:
        """Check the uppermost dialog, and return it."""
        dialog = self.page.get_by_role("dialog").last
        self.stop(what, dialog.get_by_role("heading", name=title) if title else dialog, "dialog:last-of-type")
        return dialog

    def menu(self, what: str) -> Locator:
        menu = self.page.get_by_role("menu")
        self.stop(what, menu, MENU)
        if self.page.evaluate(_MENU_WIDTH) > PHONE["width"]:
            self.found.append(f"{what}: wider than a phone")
        return menu

    def opens_menu(self, of: Locator) -> None:
        """Open the context menu, by an event: a pointer takes twice the CPU, and other tests use one."""
        self.page.evaluate("new Promise(requestAnimationFrame)")  # the event of the last resize would close it
        of.dispatch_event("contextmenu")

    def chooses(self, item: str | re.Pattern[str]) -> None:
        self.page.get_by_role("menuitem", name=item).dispatch_event("click")

    def closes(self) -> None:
        self.page.keyboard.press("Escape")

    def goes(self, address: str) -> None:
        """Go to an address, once the browser has left the entry of a closed dialog. Both at once would cancel one."""
        if self.page.get_by_role("dialog").count() == 0:
            leaves_closed_dialogs(self.page)
        self.page.evaluate("address => { location.hash = address; }", address)


class Cast:
    """Ann, the others, and their rooms."""

    def __init__(self, people: People) -> None:
        self.ann, self.bob, self.eve = people.person("Ann"), people.person("Bob"), people.person("Eve")
        self.bob.sends("PATCH", "/api/auth/profile/", first_name=MARKUP, last_name=WIDE)
        self.room = self.ann.makes_room(MARKUP + "W" * 72, self.bob, self.eve, description=f"{MARKUP} {'W' * 300}")
        self.public = self.bob.makes_room(f"{RIGHT_TO_LEFT} {WIDE}", is_private=False, description=MARKUP)
        self.chat = self.ann.chats_with(self.bob)
        self.blocked = self.ann.chats_with(self.eve)
        self.ann.sends("POST", f"/api/chat/users/{self.eve.id}/block/")
        first = self.bob.said(f"{MARKUP} https://example.org/a_b @{self.ann.username}", self.room)
        self.bob.said("W" * 500, self.room)
        self.eve.said("hidden", self.room)
        self.bob.said(f"{RIGHT_TO_LEFT} **bold** _slanted_ `code`", self.room, reply_to=first["id"])
        self.bob.said(_CODE, self.room)
        self.ann.said("👍", self.room)
        self.own = self.ann.said(f"mine {MARKUP}", self.room, reply_to=first["id"])
        for one in (self.bob, self.ann):
            one.sends("PUT", f"/api/chat/messages/{self.own['id']}/reactions/%F0%9F%91%8D/")
        self.bob.sends("POST", f"/api/chat/rooms/{self.room['id']}/read/", seq=self.own["seq"])
        self.ann.sends("PUT", f"/api/chat/messages/{first['id']}/pin/")


@pytest.fixture
def cast(people: People) -> Cast:
    return Cast(people)


@pytest.mark.timeout(480)  # axe-core runs a hundred times
def test_every_window_is_accessible_and_holds_long_and_hostile_names(cast: Cast, people: People) -> None:
    visitor = Tour(people.visitor())
    _see_the_entrance(visitor, cast)
    visitor.who.closes_everything()
    ann = Tour(cast.ann)
    cast.ann.complaints.expect("status of 404", "status of 403", "net::ERR_", "WebSocket connection")
    for part in (_see_the_list, _see_the_room, _see_the_details, _see_the_pages, _see_the_settings):
        part(ann, cast)
    found = visitor.found + ann.found
    assert found == [], "\n".join(found)
    modules = {str(path.relative_to(VIEWS)) for path in VIEWS.rglob("*.js")}
    unseen = modules - visitor.loaded - ann.loaded - _joined()
    assert unseen == set(), "these modules were never needed: add a stop to the tour"


def test_a_theme_changes_the_colours_of_the_tokens_and_nothing_else() -> None:
    """The checks of the dark theme rely on it: they compare colours."""
    sheets = [*PACKAGE.rglob("*.css"), *PACKAGE.rglob("*.html")]
    themed = {sheet.name for sheet in sheets if re.search(r"light-dark\(|\[data-theme", sheet.read_text("utf-8"))}
    assert themed == {"tokens.css"}
    assert [one for one in sheets if re.search(r"@media[^{]*prefers-color-scheme", one.read_text("utf-8"))] == []


def _joined() -> set[str]:
    """Return the modules that the client loads together, before a window needs them."""
    files = map(web_client().file, JOINED)
    content = "".join(file.plain().decode() for file in files if file)
    found = set(re.findall(r"^// scripts/views/(\S+)$", content, re.MULTILINE))
    assert len(found) > 30
    return found


def _see_the_entrance(tour: Tour, cast: Cast) -> None:
    tour.who.opens("#/log-in")
    heading = tour.page.get_by_role("heading", level=1)
    tour.stop("log-in", heading)
    tour.goes("#/register")
    tour.stop("registration", heading.filter(has_text="Create your account"))
    for address, title in (("#/forgot-password", "Forgot your password?"), ("#reset=unknown", "Set a new password")):
        tour.goes(address)
        tour.stop(address, heading.filter(has_text=title))
    token = cast.bob.sends("POST", f"/api/chat/rooms/{cast.public['id']}/invites/")["token"]
    tour.goes(f"#invite={token}")
    tour.stop("registration with an invitation", tour.page.get_by_text("invites you to"))


def _see_the_list(tour: Tour, cast: Cast) -> None:
    tour.who.opens()
    page = tour.page
    rooms = page.get_by_role("navigation", name="Chats").get_by_role("link")
    tour.stop("chats", rooms)
    page.get_by_role("button", name=re.compile("^Menu")).click()
    tour.menu("own menu")
    tour.closes()
    tour.who.presses("New chat or room")
    tour.menu("new")
    tour.chooses("New message")
    page.get_by_role("combobox").fill(cast.bob.username)
    tour.stop("new message", page.get_by_role("option"), "dialog")
    tour.closes()
    for title in ("New room", "Public rooms"):
        tour.who.presses("New chat or room")
        tour.chooses(title)
        dialog = page.get_by_role("dialog", name=title)
        if title == "New room":
            dialog.get_by_text("More options").click()
            tour.stop(title, dialog.get_by_label("Description"), "dialog")
        else:
            tour.stop(title, dialog.get_by_text(WIDE), "dialog")
        tour.closes()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("W")
    tour.stop("switcher", page.get_by_role("dialog").get_by_text("Public rooms"), "dialog")
    tour.closes()
    search = page.get_by_role("searchbox", name="Search chats")
    search.fill(WIDE)
    tour.stop("list: found", page.get_by_role("region", name="Public rooms"))
    search.fill("")
    row = rooms.filter(has_text=MARKUP).first
    tour.opens_menu(row)
    tour.menu("menu of a room")
    tour.chooses("Mute…")
    tour.menu("Mute…")
    tour.closes()
    tour.opens_menu(row)
    tour.chooses("Notifications…")
    tour.menu("Notifications…")
    tour.closes()


def _see_the_room(tour: Tour, cast: Cast) -> None:
    ann, page = cast.ann, tour.page
    ann.goes_to(cast.room)
    own = page.get_by_role("article").filter(has_text="mine")
    other = page.get_by_role("article").filter(has_text="WWW").first
    tour.stop("room", own)
    foreign = page.get_by_role("article").filter(has_text="شكرا").locator(".text")
    expect(foreign).to_have_css("direction", "rtl")
    link = page.get_by_role("link", name="https://example.org/a_b", exact=True)
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    ann.composer.fill(RIGHT_TO_LEFT)
    expect(ann.composer).to_have_css("direction", "rtl")
    page.set_viewport_size(DESKTOP)
    page.get_by_role("button", name=re.compile("^Menu")).click()
    tour.chooses("Log out")
    tour.dialog("log out?")
    tour.closes()
    ann.composer.fill("")

    def opens_menu(message: Locator, item: str | re.Pattern[str] | None = None) -> None:
        tour.opens_menu(message)
        if item is not None:
            tour.chooses(item)

    opens_menu(other)  # it names the author
    tour.menu("menu of a message")
    tour.closes()
    opens_menu(own, "Who reacted")
    tour.dialog("who reacted")
    tour.closes()
    opens_menu(own, "Who has read it")
    tour.dialog("who has read it")
    tour.closes()
    opens_menu(own, "Delete")
    tour.dialog("delete?")
    tour.closes()
    opens_menu(other, "Report")
    tour.dialog("report")
    tour.closes()
    opens_menu(other, re.compile("^Block"))
    tour.dialog("block?")
    tour.closes()
    opens_menu(other, "Reply")
    expect(page.get_by_text(re.compile("^Reply to"))).to_be_visible()
    ann.composer.fill("x" * 4_000)
    ann.composer.press_sequentially(" @")
    expect(page.get_by_role("option").first).to_be_visible()  # of the completion
    tour.stop("a reply that is too long, and a completion", page.get_by_text("too long"), "main")
    ann.composer.fill("")
    ann.composer.press("Escape")
    ann.presses("Emoji")
    page.get_by_role("dialog", name="Emoji").get_by_role("searchbox").fill("thumbs")  # axe takes long for all of them
    tour.stop("emoji", page.get_by_role("gridcell"), "[role=dialog]")
    tour.closes()
    ann.presses("All pins")
    tour.dialog("pins")
    tour.closes()
    page.get_by_role("button", name="More").last.click()
    tour.menu("menu of the open room")
    tour.closes()


def _see_the_details(tour: Tour, cast: Cast) -> None:
    page = tour.page
    page.get_by_role("heading", level=2).get_by_role("button").first.click()
    details = page.get_by_role("dialog").first
    for tab in ("Settings", "Invitations", "Members", "About"):
        details.get_by_role("tab", name=tab).click()
        if tab == "Invitations":
            details.get_by_role("button", name="Create link").click()
            expect(details.get_by_label("Invitation link")).to_be_visible()
        tour.stop(f"details: {tab}", details.get_by_role("tabpanel"), "dialog")
    for name in ("Leave room", "Delete room"):
        details.get_by_role("button", name=name).click()
        tour.dialog(f"{name}?")
        tour.closes()
    details.get_by_role("tab", name="Members").click()
    for name in ("Add people", "Banned people"):
        details.get_by_role("button", name=name).click()
        tour.dialog(name, re.compile(name))
        tour.closes()
    details.get_by_role("button", name=f"Actions for {MARKUP}").click()
    tour.menu("menu of a member")
    tour.chooses("Make owner")
    tour.dialog("make owner?")
    tour.closes()
    details.get_by_role("button", name=re.compile(f"@{cast.bob.username}")).first.click()
    tour.dialog("profile")
    tour.closes()
    tour.closes()
    expect(page.get_by_role("dialog")).to_have_count(0)


def _see_the_pages(tour: Tour, cast: Cast) -> None:
    page = tour.page
    tour.goes(f"#/search/{cast.room['id']}")
    page.get_by_role("searchbox", name="Words to find").fill("mine")
    tour.stop("search", page.locator(".found-message"))
    page.get_by_role("button", name="From anybody").click()
    tour.dialog("written by")
    tour.closes()
    tour.goes("#/mentions")
    expect(page.get_by_role("heading", name="Mentions")).to_be_visible()  # the search before it has messages, too
    tour.stop("mentions", page.locator(".found-message"))
    token = cast.bob.sends("POST", f"/api/chat/rooms/{cast.public['id']}/invites/")["token"]
    for address, text in (
        (f"#invite={token}", "invites you to"),
        ("#invite=unknown", "no longer works"),
        ("#/reset", "Open the link in your mail again."),
        ("#reset=unknown", "You are logged in here as"),
        (f"#/rooms/{cast.public['id']}", "Join room"),
        ("#/rooms/987654", "does not exist"),
        (f"#/rooms/{cast.blocked['id']}", "You blocked this person."),
        (f"#/rooms/{cast.chat['id']}", "No messages yet"),
        ("#/nowhere", "There is nothing at this address."),
    ):
        tour.goes(address)
        tour.stop(address, page.get_by_role("main").get_by_text(text), "main")
    tour.goes("#/")  # on a phone, the list alone says it
    tour.who.loses_the_network()
    tour.stop("offline", page.get_by_text("You are offline."))
    tour.who.has_a_network_again()


def _see_the_settings(tour: Tour, cast: Cast) -> None:
    page = tour.page
    tour.goes("#/settings")
    sections = page.locator(".settings-link")
    expect(sections.first).to_be_visible()
    questions = {"Profile": "Use a picture from the web", "Your data": "Delete account…"}
    for name, address in sections.evaluate_all(_LINKS):
        tour.goes(address)
        expect(page.get_by_text("Loading…")).to_have_count(0)
        tour.stop(f"settings: {name}", page.get_by_role("heading", level=3, name=name), "main")
        if name in questions:
            page.get_by_role("button", name=questions[name]).click()
            tour.dialog(questions[name])
            tour.closes()
