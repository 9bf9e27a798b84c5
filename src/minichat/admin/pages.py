"""The pages: lists with a button for each action, paged by key like every list of the API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_admin.form import SecureForm

from minichat.admin.sign_in import AdministratorPage, administrator
from minichat.api.context import context, services
from minichat.api.paging import cursor_after, window
from minichat.api.parsing import id_of
from minichat.api.times import rfc3339
from minichat.domain.errors import ChatError, InvalidInput
from minichat.domain.model import Timestamp, User

PAGE_SIZE = 50


class ListItem(NamedTuple):
    """One line of a list."""

    id: str
    """The value that the buttons send."""
    cells: Sequence[object]
    buttons: Sequence[str]


class ListPage(AdministratorPage):
    """A list of items and the actions on one of them."""

    columns: Sequence[str]
    is_searchable = False

    @expose("/")
    def index(self) -> Any:
        query, cursor = request.args.get("q", ""), request.args.get("cursor")
        try:
            rows, next_cursor = self.rows(query, cursor)
        except InvalidInput:
            rows, next_cursor = [], None
        return self.render(
            "admin_pages/list.html",
            columns=self.columns,
            rows=rows,
            next_cursor=next_cursor,
            query=query,
            is_searchable=self.is_searchable,
            form=SecureForm(),
            me=administrator(),
        )

    @expose("/act/", methods=("POST",))
    def act(self) -> Any:
        """Run the action of a button, if one of our pages sent it."""
        action = self.actions().get(request.form.get("action", ""))
        if action is None or not SecureForm(request.form).validate():
            flash("This page has expired. Try again.", "error")
        else:
            try:
                flash(action(request.form.get("id", "")))
            except ChatError:
                flash("This item no longer exists.", "error")
        return redirect(url_for(".index"))

    def rows(self, query: str, cursor: str | None) -> tuple[list[ListItem], str | None]:
        """Return a page of the list and the cursor of the next page. Raises InvalidInput."""
        raise NotImplementedError

    def actions(self) -> Mapping[str, Callable[[str], str]]:
        """Return the actions by the text of their buttons. Each takes an id and returns a sentence about its result."""
        return {}

    @property
    def _own_id(self) -> int:
        user = administrator()
        assert user is not None, "the page is guarded"
        return user.id


class PeoplePage(ListPage):
    """Accounts, without e-mail addresses, which only their owners see."""

    columns = ("Username", "Name", "Joined", "Last seen", "State")
    is_searchable = True

    def rows(self, query: str, cursor: str | None) -> tuple[list[ListItem], str | None]:
        if query:
            found: Sequence[User] = services().directory.search(self._own_id, query, PAGE_SIZE)
            next_key = None
        else:
            page = services().directory.page(window(PAGE_SIZE, cursor, str))
            found, next_key = page.items, page.next
        now = context().clock()
        rows = []
        for user in found:
            state = ["active" if user.is_active else "disabled"]
            state += ["online"] if user.is_active and user.is_online(now) else []
            state += ["superuser"] if user.is_superuser else []
            buttons = [] if user.id == self._own_id else ["Disable" if user.is_active else "Enable", "Log out"]
            cells = (
                user.username,
                user.full_name,
                _time(user.joined_at),
                "never" if (last_seen := user.last_seen(now)) is None else _time(last_seen),
                ", ".join(state),
            )
            rows.append(ListItem(user.username, cells, buttons))
        return rows, cursor_after(next_key)

    def actions(self) -> Mapping[str, Callable[[str], str]]:
        return {"Disable": self._disable, "Enable": self._enable, "Log out": self._log_out}

    def _disable(self, username: str) -> str:
        user, _ = services().administration.disable(username, by=self._own_id)
        return f"{user.username} is disabled and logged out everywhere."

    def _enable(self, username: str) -> str:
        user, _ = services().administration.enable(username, by=self._own_id)
        return f"{user.username} can log in again."

    def _log_out(self, username: str) -> str:
        user, ended = services().administration.log_out(username, by=self._own_id)
        return f"{user.username} is logged out everywhere ({ended} sessions)."


class RoomsPage(ListPage):
    """Group rooms, the newest first, without their messages."""

    columns = ("Name", "Description", "Private", "Participants", "Messages", "Created", "Last active")

    def rows(self, query: str, cursor: str | None) -> tuple[list[ListItem], str | None]:
        page = services().rooms.groups(window(PAGE_SIZE, cursor, int))
        rows = [
            ListItem(
                str(room.id),
                (
                    room.name,
                    room.description,
                    "yes" if room.is_private else "no",
                    room.participants_count,
                    room.last_seq,
                    _time(room.created_at),
                    _time(room.active_at),
                ),
                ("Delete",),
            )
            for room in page.items
        ]
        return rows, cursor_after(page.next)

    def actions(self) -> Mapping[str, Callable[[str], str]]:
        return {"Delete": self._delete}

    def _delete(self, room_id: str) -> str:
        room = services().rooms.take_down(self._own_id, id_of(room_id))
        return f"The room {room.name} is deleted."


class RecordPage(ListPage):
    """The audit log, the newest entries first."""

    columns = ("Time", "Event", "About", "By", "From", "Client", "Detail")

    def rows(self, query: str, cursor: str | None) -> tuple[list[ListItem], str | None]:
        entries = services().audit_log.page(PAGE_SIZE, before=_id_in(cursor))
        ids = {id_ for entry in entries for id_ in (entry.user_id, entry.actor_id) if id_ is not None}
        people = services().directory.by_ids(ids)

        def name(user_id: int | None) -> str:
            return people[user_id].username if user_id is not None and user_id in people else ""

        rows = [
            ListItem(
                str(entry.id),
                (
                    _time(entry.at),
                    entry.event.value,
                    name(entry.user_id),
                    name(entry.actor_id),
                    entry.device.ip,
                    entry.device.user_agent,
                    ", ".join(f"{key} {value}" for key, value in entry.detail.items()),
                ),
                (),
            )
            for entry in entries
        ]
        return rows, cursor_after((entries[-1].id or 0,) if len(entries) == PAGE_SIZE else None)


def _id_in(cursor: str | None) -> int | None:
    """Return the id before the page of this cursor. Raises InvalidInput if the cursor belongs to another list."""
    after = window(PAGE_SIZE, cursor, int).after
    return None if after is None else int(after[0])


def _time(at: Timestamp) -> str:
    """Return the time in UTC, to the second."""
    return rfc3339(at)[:19].replace("T", " ")
