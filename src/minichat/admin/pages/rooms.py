"""Rooms: group rooms, the newest first, without their messages."""

from typing import Any

from flask import url_for
from flask_admin import expose

from minichat.admin.addresses import here
from minichat.admin.language import t
from minichat.admin.page import AdministratorPage
from minichat.admin.shown import Column, Link, Moment, Question, Table
from minichat.api.context import services

_COLUMNS = ("name", "description", "private", "participants", "messages", "created", "active", "delete")


class RoomsPage(AdministratorPage):
    area = "rooms"
    icon = "chat"

    @expose("/")
    def index(self) -> Any:
        page = services().room_administration.page(self.window(int))
        columns = [Column(t(f"rooms.{name}"), is_number=name in ("participants", "messages")) for name in _COLUMNS]
        rows = [
            (
                room.name,
                room.description,
                t("shell.yes") if room.is_private else t("shell.no"),
                room.participants_count,
                room.last_seq,
                Moment(room.created_at),
                Moment(room.active_at),
                Link(t("rooms.delete"), url_for(".delete", room_id=room.id, back=here())),
            )
            for room in page.items
        ]
        return self.list_page(Table(columns, rows, t("rooms.empty")), page)

    @expose("/<id:room_id>/delete/", methods=("GET", "POST"))
    def delete(self, room_id: int) -> Any:
        def delete() -> str:
            room = services().room_administration.delete(room_id, by=self.me.id)
            return t("rooms.delete_done", name=room.name)

        question = Question(t("rooms.delete_title"), t("rooms.delete_text"), t("rooms.delete"), is_dangerous=True)
        return self.act(question, delete)
