"""People who use the web client, each in a browser profile that nobody else has at that time.

Their accounts, rooms and earlier messages are made over the API. A test uses the page for its own behaviour. Every
error of a page fails the test (see `Complaints`).
"""

import itertools
import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from playwright.sync_api import BrowserContext, CDPSession, Error, Page, Route, expect

from browser.accessibility import violations_of
from browser.profiles import PATIENCE_MS, PHONE, Profile, Profiles
from e2e.crowd import PASSWORD, Json, call, wait_until
from e2e.crowd import Person as Account
from servers import RunningServer

_numbers = itertools.count(1)
expect.set_options(timeout=PATIENCE_MS)


class Complaints:
    """The errors and warnings of one person's pages: exceptions, console messages, violations of the policy."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._expected: list[str] = []

    def hear(self, complaint: str) -> None:
        self._heard.append(complaint)

    def expect(self, *patterns: str) -> None:
        """Expect complaints with these patterns, such as `status of 401`. The browser reports every refused request."""
        self._expected += patterns

    def unexpected(self) -> list[str]:
        return [text for text in self._heard if not any(re.search(pattern, text) for pattern in self._expected)]


class Visitor:
    """Somebody with a browser. The newest tab is `page`."""

    def __init__(self, profiles: Profiles, base: str) -> None:
        self.base = base
        self.complaints = Complaints()
        self._profiles = profiles
        self._profile: Profile | None = None
        self._options: dict[str, Any] = {}
        self._is_new = False
        self._leaves_traces = False
        self._listeners: list[tuple[Any, Callable[[Any], None]]] = []
        self._undo: list[Callable[[], None]] = []
        self._session: str | None = None
        self._watched: list[Page] = []

    def on_a_phone(self) -> Self:
        """Use a phone from now on. Call this before the first tab is opened."""
        return self.having(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)

    def having(self, **options: Any) -> Self:
        """Set options of the profile, such as `locale="ru-RU"`. Call this before the first tab is opened."""
        self._options |= options
        return self

    def in_a_new_profile(self) -> Self:
        """Use a profile that nobody has used, without any file of the client, and that nobody will use afterwards."""
        self._is_new = True
        return self

    def loads_the_client(self) -> Self:
        """Let the first tab load every module of the client. Call this before it is opened."""
        self._lent().load_later(self.base)
        return self

    def changes_the_page(self, script: str, argument: object = None) -> None:
        """Run a script in the newest tab whose effect nobody undoes."""
        self._leaves_traces = True
        self.page.evaluate(script, argument)

    def has_violations(self, within: str = "html") -> list[str]:
        """Check a part of the newest tab with axe-core, and return what it finds."""
        self._leaves_traces = True
        return violations_of(self.page, within)

    @property
    def context(self) -> BrowserContext:
        """The profile, to change it in any way. It will not return to the pool."""
        self._is_new = True
        return self._lent().context

    @property
    def pages(self) -> list[Page]:
        """The open tabs, the newest last."""
        return [] if self._profile is None else self._profile.context.pages

    @property
    def page(self) -> Page:
        """The newest tab."""
        return self.pages[-1]

    def _lent(self) -> Profile:
        if self._profile is None and self._is_new:
            self._profile = self._profiles.make(self._options, self.base, self._session)
        elif self._profile is None:
            self._profile = self._profiles.take(self._options, self.base, self._session)
        self._profile.complain = self.complaints.hear
        return self._profile

    def opens(self, address: str = "") -> Self:
        """Open an address of the client, such as `#/rooms/7`, in a new tab. The first may have the client."""
        profile = self._lent()
        page = profile.open_page()
        for event, listener in self._listeners:
            page.on(event, listener)
        self._watched.append(page)
        profile.go(page, self.base, address)
        return self

    def goes_to_address(self, address: str) -> Self:
        """Go to an address of the client in the open tab, once the browser has left the entry of a closed dialog."""
        leaves_closed_dialogs(self.page)
        self.page.goto(f"{self.base}/{address}")
        return self

    def closes_everything(self) -> None:
        if self._profile is None:
            return
        for page in self._watched:
            for event, listener in self._listeners:
                page.remove_listener(event, listener)
        if self._is_new:
            self._profile.context.close()
        else:
            with suppress(Error):  # the pool notices what is left
                for end in self._undo:
                    end()
            self._profiles.give_back(self._profile, self.base, is_spotless=not self._leaves_traces)
        self._watched, self._listeners, self._undo, self._profile = [], [], [], None

    def loses_the_network(self) -> None:
        self._leaves_traces = True
        context = self._lent().context
        context.set_offline(True)
        self._undo.append(lambda: context.set_offline(False))

    def has_a_network_again(self) -> None:
        self._lent().context.set_offline(False)

    def meets(self, requests: str | re.Pattern[str], answer: Callable[[Route], None], times: int | None = None) -> None:
        """Let the test answer requests of the pages in place of the server."""
        context = self._lent().context
        context.route(requests, answer, times=times)
        self._undo.append(context.unroute_all)

    def begins_pages_with(self, script: str) -> None:
        """Run a script in each page that loads, before the page's own. Call this before the first tab is opened."""
        self._leaves_traces = True
        self.loads_the_client()
        self._undo.append(self._lent().context.add_init_script(script).close)

    def hears(self, event: Any, listener: Callable[[Any], None]) -> None:
        """Call the listener for an event of the tabs, such as `request`."""
        self._listeners.append((event, listener))
        for page in self._watched:
            page.on(event, listener)

    def expects(self, event: Any, condition: Callable[[Any], bool]) -> Any:
        """Return a context manager that waits for an event of any tab, such as `response`, at the end of the block."""
        context: Any = self._lent().context
        return context.expect_event(event, condition)

    def protocol(self) -> CDPSession:
        """Return a session of the browser's protocol with the newest tab."""
        session = self._lent().context.new_cdp_session(self.page)
        self._undo.append(session.detach)
        return session

    def may(self, *permissions: str) -> Self:
        """Grant permissions to the pages."""
        context = self._lent().context
        context.grant_permissions(permissions, origin=self.base)
        self._undo.append(context.clear_permissions)
        return self

    def sees(self, text: str) -> None:
        """Wait until the text is visible."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def sees_no(self, text: str) -> None:
        """Wait until the text is not visible."""
        expect(self.page.get_by_text(text)).to_have_count(0)

    def fills(self, **fields: str) -> None:
        """Fill fields by their labels: `fills(first_name="Ann")`."""
        for name, value in fields.items():
            label = name.replace("_", " ").capitalize()
            self.page.get_by_role("textbox", name=re.compile(f"^{label}")).or_(
                self.page.get_by_label(re.compile(f"^{label}"))
            ).first.fill(value)

    def presses(self, name: str) -> None:
        """Press a button by its name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follows(self, name: str) -> None:
        """Follow a link by its name."""
        self.page.get_by_role("link", name=name, exact=True).click()


class Person(Visitor):
    """Somebody with an account, who is logged in when the first tab opens."""

    def __init__(self, profiles: Profiles, server: RunningServer, name: str) -> None:
        super().__init__(profiles, f"http://127.0.0.1:{server.port}")
        self.name = name
        self.username = f"{name.lower()}{next(_numbers)}"
        form = {"username": self.username, "password": PASSWORD, "first_name": name}
        answer = call(server, "POST", "/api/auth/register/", form)
        assert answer.status == 201, answer
        self.account = Account(server, answer.json["user"], answer.json["tokens"])
        self.id = self.account.id
        self._session = json.dumps({"refresh": self.account.refresh, "user": self.id})

    def at(self, origin: str) -> Self:
        """Use the pages of another origin. Call this before the first tab is opened."""
        self.base = origin
        return self

    def logged_out(self) -> Self:
        """Let the first tab open without a session."""
        self._session = None
        return self

    # Over the API

    def makes_room(self, name: str, *others: "Person", **fields: Any) -> Json:
        """Make a room with others, over the API."""
        participants = [other.id for other in others]
        room: Json = self.sends("POST", "/api/chat/rooms/", name=name, participants=participants, **fields)
        return room

    def chats_with(self, other: "Person") -> Json:
        """Make the direct chat with another person, over the API."""
        room: Json = self.sends("POST", "/api/chat/create-direct-chat/", user_id=other.id)["room"]
        return room

    def said(self, text: str, room: Json, **fields: Any) -> Json:
        """Send a message over the API, as from another device."""
        message: Json = self.sends("POST", "/api/chat/messages/", room=room["id"], content=text, **fields)
        return message

    def sends(self, method: str, path: str, **body: Any) -> Any:
        """Send a request that succeeds, and return the answer's JSON."""
        answer = self.account.call(method, path, body or None)
        assert answer.status < 300, answer
        return answer.json if answer.body else None

    # In the page

    def opens_room(self, room: Json) -> Self:
        """Open the address of a room in a new tab, and wait until it can be used."""
        self.opens(f"#/rooms/{room['id']}")
        expect(self.composer).to_be_visible()
        return self

    def goes_to(self, room: Json) -> Self:
        """Choose a room in the list of rooms."""
        self.page.locator(f'a[href="#/rooms/{room["id"]}"]').first.click()
        expect(self.composer).to_be_visible()
        return self

    def says(self, text: str, room: Json | None = None) -> None:
        """Write a message in the open room, or in the given one, and send it. On a phone, a button sends it."""
        if room is not None and not self.page.url.endswith(f"#/rooms/{room['id']}"):
            self.goes_to(room)
        self.composer.fill(text)
        if self._options.get("is_mobile"):
            self.presses("Send")
        else:
            self.composer.press("Enter")
        expect(self.composer).to_have_value("")

    @property
    def composer(self) -> Any:
        """The field to write in."""
        return self.page.get_by_role("textbox", name="Message", exact=True)


def leaves_closed_dialogs(page: Page) -> None:
    """Wait until the browser has left the entries of closed dialogs in its history."""
    # The policy of the page forbids `wait_for_function`, which evaluates a string in the page.
    wait_until(lambda: not page.evaluate("history.state?.layers"), "the entry of the page")
