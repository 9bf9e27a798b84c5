"""Rooms: find a group, view it with its participants, and act on it. Direct chats never appear."""

from collections.abc import Sequence
from typing import Any

from flask import request, url_for
from flask_admin import expose
from wtforms import HiddenField, StringField

from minichat.admin.addresses import back, here
from minichat.admin.forms import Form
from minichat.admin.language import t
from minichat.admin.links import to_person
from minichat.admin.page import AdministratorPage
from minichat.admin.shown import (
    Button,
    Cell,
    Choice,
    Column,
    Facts,
    Link,
    Moment,
    Question,
    Search,
    Section,
    Table,
    Tag,
    Tags,
)
from minichat.api.context import services
from minichat.api.parsing import id_of
from minichat.domain.errors import InvalidInput
from minichat.domain.model import (
    HistoryAccess,
    Invitation,
    InvitationList,
    ParticipantList,
    Role,
    Room,
    RoomOrder,
    WriteAccess,
)
from minichat.domain.paging import Page, Window
from minichat.domain.room_administration import RoomAdministration

HEAD = 20
"""Number of participants and invitations on the page of a room; links lead to the others."""


class NameForm(Form):
    name = StringField("rooms.name", description="rooms.name_hint")
    seen = HiddenField()
    """The name when the form was opened."""


class OwnerForm(Form):
    seen = HiddenField()
    """The owner when the form was opened, by id."""


class RoomsPage(AdministratorPage):
    area = "rooms"
    icon = "chat"

    @expose("/")
    def index(self) -> Any:
        visibility = self.choice("visibility", ("", "public", "private"))
        order = RoomOrder(self.choice("order", [order.value for order in RoomOrder]))
        problem = ""
        try:
            page = _rooms().page(
                self.window(int, int),
                request.args.get("q", ""),
                is_private={"public": False, "private": True}.get(visibility),
                order=order,
            )
        except InvalidInput:
            page, problem = Page((), None, None), t("rooms.odd_query")
        return self.list_page(_table(page.items), page, filters=_filters(), problem=problem)

    @expose("/<id:room_id>/")
    def view(self, room_id: int) -> Any:
        room = _rooms().get(room_id)
        participants = _rooms().participants(room_id, Window(HEAD))
        invitations = _rooms().invitations(room_id, Window(HEAD))
        return self.details_page(
            room.name,
            [
                self._facts(room),
                Section(
                    t("rooms.participants"),
                    self._participants_table(participants),
                    _more(participants.page, ".participants", room_id),
                ),
                Section(
                    t("rooms.invitations"),
                    self._invitations_table(invitations, room_id),
                    _more(invitations.page, ".invitations", room_id),
                ),
            ],
            buttons=self._buttons(room_id),
        )

    def _buttons(self, room_id: int) -> Sequence[Button]:
        messages = url_for("admin_messages.view", room_id=room_id, back=here())
        rename = url_for(".rename", room_id=room_id, back=here())
        # After the deletion this page is gone, so the way back is that of this page.
        delete = url_for(".delete", room_id=room_id, back=back(self.home))
        return (
            Button(t("rooms.read_messages"), messages, tone="main"),
            Button(t("rooms.rename"), rename),
            Button(t("rooms.delete"), delete, tone="bad"),
        )

    def _facts(self, room: Room) -> Facts:
        cooldown = t("rooms.cooldown_seconds", count=room.cooldown) if room.cooldown else t("shell.none")
        return Facts(
            t("rooms.about"),
            [
                (t("rooms.description"), room.description or t("shell.none")),
                (t("rooms.visibility"), _visibility(room)),
                (t("rooms.owner"), to_person(_rooms().owner(room.id).user)),
                (t("rooms.participants"), room.participants_count),
                (t("rooms.messages"), room.last_seq),
                (t("rooms.created"), Moment(room.created_at)),
                (t("rooms.active"), Moment(room.active_at)),
                (t("rooms.write"), t("rooms.everybody" if room.write == WriteAccess.ALL else "rooms.moderators_only")),
                (t("rooms.cooldown"), cooldown),
                (t("rooms.history"), t("rooms.all" if room.history == HistoryAccess.ALL else "rooms.since_joining")),
            ],
        )

    # Participants and invitations

    @expose("/<id:room_id>/participants/")
    def participants(self, room_id: int) -> Any:
        found = _rooms().participants(room_id, self.window(int))
        title = t("rooms.participants_of", name=_rooms().get(room_id).name)
        return self.list_page(self._participants_table(found), found.page, title=title, parent=back(_view(room_id)))

    @expose("/<id:room_id>/invitations/")
    def invitations(self, room_id: int) -> Any:
        found = _rooms().invitations(room_id, self.window(int))
        title = t("rooms.invitations_of", name=_rooms().get(room_id).name)
        return self.list_page(
            self._invitations_table(found, room_id), found.page, title=title, parent=back(_view(room_id))
        )

    def _participants_table(self, found: ParticipantList) -> Table:
        rows: list[Sequence[Cell]] = []
        for membership in found.page.items:
            user, role = found.people[membership.user_id], membership.role
            href = url_for(".hand_over", room_id=found.room_id, user_id=user.id, back=here())
            can_own = role != Role.OWNER and user.is_active
            rows.append(
                (
                    to_person(user),
                    Tags([Tag(t(f"rooms.{role.value}"), "good" if role == Role.OWNER else "plain")]),
                    Tags([Tag(t("rooms.can_log_in"), "good") if user.is_active else Tag(t("rooms.disabled"), "bad")]),
                    Link(t("rooms.hand_over"), href) if can_own else "",
                )
            )
        titles = ("participant", "role", "account", "action")
        return Table([Column(t(f"rooms.{title}")) for title in titles], rows, t("rooms.nobody"))

    def _invitations_table(self, found: InvitationList, room_id: int) -> Table:
        rows: list[Sequence[Cell]] = [
            (
                to_person(found.people[one.created_by]),
                Moment(one.created_at),
                Moment(one.expires_at),
                _uses(one),
                Link(t("rooms.revoke"), url_for(".revoke", room_id=room_id, invitation_id=one.id, back=here())),
            )
            for one in found.page.items
        ]
        titles = ("invited_by", "created", "expires", "used", "action")
        return Table([Column(t(f"rooms.{title}")) for title in titles], rows, t("rooms.no_invitations"))

    # Acts

    @expose("/<id:room_id>/rename/", methods=("GET", "POST"))
    def rename(self, room_id: int) -> Any:
        room = _rooms().get(room_id)
        form = NameForm(request.form, name=room.name, seen=room.name)

        def rename() -> str:
            renamed = _rooms().rename(room_id, form.name.data or "", seen=form.seen.data or "", by=self.me.id)
            return t("rooms.rename_done", name=renamed.name)

        question = Question(t("rooms.rename_title", name=room.name), t("rooms.rename_text"), t("shell.save"))
        return self.act(question, rename, form=form, default=_view(room_id))

    @expose("/<id:room_id>/participants/<id:user_id>/hand-over/", methods=("GET", "POST"))
    def hand_over(self, room_id: int, user_id: int) -> Any:
        room, owner = _rooms().get(room_id), _rooms().owner(room_id).user
        user = services().directory.get(None, user_id)
        form = OwnerForm(request.form, seen=str(owner.id))

        def hand_over() -> str:
            _rooms().hand_over(room_id, user_id, seen=id_of(form.seen.data or ""), by=self.me.id)
            return t("rooms.hand_over_done", name=user.username, room=room.name)

        question = Question(
            t("rooms.hand_over_title", name=user.username, room=room.name),
            t("rooms.hand_over_text", name=user.username, owner=owner.username),
            t("rooms.hand_over"),
        )
        return self.act(question, hand_over, form=form, default=_view(room_id))

    @expose("/<id:room_id>/invitations/<id:invitation_id>/revoke/", methods=("GET", "POST"))
    def revoke(self, room_id: int, invitation_id: int) -> Any:
        def revoke() -> str:
            _rooms().revoke_invitation(room_id, invitation_id, by=self.me.id)
            return t("rooms.revoke_done")

        question = Question(t("rooms.revoke_title"), t("rooms.revoke_text"), t("rooms.revoke"), is_dangerous=True)
        return self.act(question, revoke, default=_view(room_id))

    @expose("/<id:room_id>/delete/", methods=("GET", "POST"))
    def delete(self, room_id: int) -> Any:
        room = _rooms().get(room_id)

        def delete() -> str:
            _rooms().delete(room_id, by=self.me.id)
            return t("rooms.delete_done", name=room.name)

        question = Question(
            t("rooms.delete_title", name=room.name),
            t("rooms.delete_text"),
            t("rooms.delete"),
            is_dangerous=True,
            facts=[
                (t("rooms.participants"), room.participants_count),
                (t("rooms.messages"), room.last_seq),
                (t("rooms.created"), Moment(room.created_at)),
            ],
        )
        return self.act(question, delete)


def _rooms() -> RoomAdministration:
    return services().room_administration


def _view(room_id: int) -> str:
    return url_for("admin_rooms.view", room_id=room_id)


def _more(page: Page[Any], endpoint: str, room_id: int) -> Link | None:
    return Link(t("shell.show_all"), url_for(endpoint, room_id=room_id, back=here())) if page.next else None


def _filters() -> Sequence[Search | Choice]:
    return (
        Search("q", t("rooms.search")),
        Choice(
            "visibility",
            t("rooms.visibility"),
            [("", t("rooms.any")), ("public", t("rooms.public")), ("private", t("rooms.private"))],
        ),
        Choice("order", t("rooms.order"), [(order.value, t(f"rooms.order_{order.value}")) for order in RoomOrder]),
    )


def _table(rooms: Sequence[Room]) -> Table:
    titles = ("name", "visibility", "participants", "messages", "created", "active")
    columns = [Column(t(f"rooms.{title}"), is_number=title in ("participants", "messages")) for title in titles]
    rows: list[Sequence[Cell]] = [
        (
            Link(room.name, url_for("admin_rooms.view", room_id=room.id, back=here())),
            _visibility(room),
            room.participants_count,
            room.last_seq,
            Moment(room.created_at),
            Moment(room.active_at),
        )
        for room in rooms
    ]
    return Table(columns, rows, t("rooms.empty"))


def _visibility(room: Room) -> Tags:
    return Tags([Tag(t("rooms.private"), "warning") if room.is_private else Tag(t("rooms.public"))])


def _uses(invitation: Invitation) -> str:
    if invitation.uses is None:
        return t("rooms.used_unlimited", count=invitation.used)
    return t("rooms.used_of", used=invitation.used, uses=invitation.uses)
