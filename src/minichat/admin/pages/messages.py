"""Messages of one group: shown only after the administrator has given a reason. The pages of rooms and reports lead
here; the navigation does not.
"""

from collections.abc import Sequence
from typing import Any

from flask import redirect, request, url_for
from flask_admin import expose
from wtforms import TextAreaField

from minichat.admin.addresses import back, changed, here
from minichat.admin.forms import Form
from minichat.admin.language import t
from minichat.admin.links import to_person
from minichat.admin.page import PAGE_SIZE, AdministratorPage
from minichat.admin.shown import Cell, Moment, Question
from minichat.admin.signed_in import session_id
from minichat.api.context import services
from minichat.api.parsing import id_of
from minichat.domain.errors import InvalidInput, RoomNotOpened
from minichat.domain.history import MessageWindow
from minichat.domain.model import OpenedMessages
from minichat.domain.room_openings import MAX_REASON_LENGTH

_POSITIONS = ("before", "after", "around")


class ReasonForm(Form):
    reason = TextAreaField(
        "messages.reason", description="messages.reason_hint", render_kw={"rows": 3, "maxlength": MAX_REASON_LENGTH}
    )


class MessagesPage(AdministratorPage):
    area = "messages"
    icon = "chat"
    within = "rooms"

    def is_visible(self) -> bool:
        return False

    @property
    def home(self) -> str:
        return url_for("admin_rooms.index")

    @expose("/")
    def index(self) -> Any:
        """Lead to the rooms: messages are shown for one room alone."""
        return redirect(self.home)

    @expose("/<id:room_id>/", methods=("GET", "POST"))
    def view(self, room_id: int) -> Any:
        """Show the messages, or ask for the reason first. POST sends the reason."""
        room = services().room_administration.get(room_id)
        if request.method == "GET":
            try:
                return self._messages(room_id)
            except RoomNotOpened:
                pass  # ask for a reason
        form = ReasonForm(request.form)

        def open_room() -> Any:
            services().room_openings.open(self.me.id, session_id(), room_id, form.reason.data or "")
            return redirect(here(), 303)

        question = Question(t("messages.open_title", name=room.name), t("messages.open_text"), t("messages.open"))
        return self.act(question, open_room, form=form, default=_room(room_id))

    def _messages(self, room_id: int) -> str:
        found = self._found(room_id)
        first, last = (found.messages[0].id, found.messages[-1].id) if found.messages else (None, None)
        return self.render(
            "messages.html",
            title=t("messages.title_of", name=found.room.name),
            parent=back(_room(room_id)),
            ends_at=Moment(found.ends_at),
            close_href=url_for(".close", room_id=room_id, back=back(_room(room_id))),
            messages=[
                (
                    message,
                    to_person(found.people[message.user_id]),
                    url_for(".delete", room_id=room_id, message_id=message.id, back=here()),
                )
                for message in found.messages
            ],
            marked=_id_in("around"),
            older_href=changed(**_at("before", first)) if found.has_older else "",
            newer_href=changed(**_at("after", last)) if found.has_newer else "",
            newest_href=changed(**_at("before", None)) if found.has_newer else "",
        )

    def _found(self, room_id: int) -> OpenedMessages:
        openings = services().room_openings
        try:
            return openings.messages(self.me.id, session_id(), room_id, _window())
        except InvalidInput:  # the address names a message of another room
            return openings.messages(self.me.id, session_id(), room_id, MessageWindow(PAGE_SIZE))

    @expose("/<id:room_id>/<id:message_id>/delete/", methods=("GET", "POST"))
    def delete(self, room_id: int, message_id: int) -> Any:
        messages = url_for(".view", room_id=room_id)
        try:
            facts = self._facts(room_id, message_id) if request.method == "GET" else ()
        except (RoomNotOpened, InvalidInput):
            return redirect(back(messages), 303)

        def delete() -> str:
            services().room_openings.delete_message(self.me.id, session_id(), room_id, message_id)
            return t("messages.delete_done")

        question = Question(
            t("messages.delete_title"),
            t("messages.delete_text"),
            t("messages.delete"),
            is_dangerous=True,
            facts=facts,
        )
        return self.act(question, delete, default=messages)

    def _facts(self, room_id: int, message_id: int) -> Sequence[tuple[str, Cell]]:
        """Return the author, time and text of a message for the question. Raises RoomNotOpened or InvalidInput."""
        window = MessageWindow(limit=1, around=message_id)
        found = services().room_openings.messages(self.me.id, session_id(), room_id, window)
        [message] = found.messages
        return (
            (t("messages.author"), to_person(found.people[message.user_id])),
            (t("messages.sent"), Moment(message.created_at)),
            (t("messages.content"), message.content or t("messages.deleted")),
        )

    @expose("/<id:room_id>/close/", methods=("GET", "POST"))
    def close(self, room_id: int) -> Any:
        def close() -> str:
            services().room_openings.close(self.me.id, session_id(), room_id)
            return t("messages.close_done")

        question = Question(t("messages.close_title"), t("messages.close_text"), t("messages.close"))
        return self.act(question, close, default=_room(room_id))


def _room(room_id: int) -> str:
    return url_for("admin_rooms.view", room_id=room_id)


def _window() -> MessageWindow:
    """Return the window that the address names; the newest messages if it names none or several."""
    given = {name: message_id for name in _POSITIONS if (message_id := _id_in(name)) is not None}
    return MessageWindow(PAGE_SIZE, **(given if len(given) == 1 else {}))


def _id_in(parameter: str) -> int | None:
    return id_of(request.args.get(parameter, "")) or None


def _at(name: str, message_id: int | None) -> dict[str, str | None]:
    """Return the parameters of another page of the messages."""
    return {**dict.fromkeys(_POSITIONS), name: None if message_id is None else str(message_id)}
