"""The random actions of administrators on rooms, messages and the audit log, for the state machine.

`test_memory_matches_sqlite` has the machine. The account 5 is a superuser, once it exists; most other acts are refused.
"""

from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import rule

from contract.talk_rules import messages, places
from minichat.domain.history import MessageWindow
from minichat.domain.model import AuditEvent, AuditFilter, RoomOrder

ROOT = 5
administrators = st.sampled_from([ROOT, ROOT, None, 1])


class AdministrationRules:
    """A part of the machine. Each method runs an action on memory and on the database, and compares."""

    both: Any
    at: Any
    walk: Any
    message_in: Any
    backends: Any

    @rule(
        query=st.sampled_from(["", "room", "té", "o", "nothing", "\x07"]),
        is_private=st.none() | st.booleans(),
        order=st.sampled_from(RoomOrder),
    )
    def list_groups(self, query: str, is_private: bool | None, order: RoomOrder) -> None:
        self.walk(
            lambda services, window: services.room_administration.page(
                window, query, is_private=is_private, order=order
            )
        )

    @rule(
        by=administrators, place=places, name=st.sampled_from(["Kitchen", "Té", " "]), seen=st.sampled_from(["", "Old"])
    )
    def administer_a_room(self, by: int | None, place: tuple[int, int], name: str, seen: str) -> None:
        user_id, room_id = self.at(place)
        owner = self.backends[0].ports.membership_store.owner(room_id)
        owner_id = 1 if owner is None else owner.user_id

        def rename(services: Any) -> Any:
            rooms = services.room_administration
            return rooms.rename(room_id, name, seen=seen or rooms.get(room_id).name, by=by)

        self.both(rename)
        self.both(lambda services: services.room_administration.hand_over(room_id, user_id, seen=owner_id, by=by))
        self.both(lambda services: services.room_administration.owner(room_id))
        self.walk(lambda services, window: services.room_administration.participants(room_id, window))

    @rule(place=places, message=messages, direction=st.sampled_from(["before", "after", "around"]))
    def read_as_an_administrator(self, place: tuple[int, int], message: tuple[int, int], direction: str) -> None:
        _, room_id = self.at(place)
        message_id = self.message_in(room_id, message)
        sessions = self.backends[0].ports.session_store.all_of(ROOT, 0, 100)
        session_id = sessions[-1].id if sessions else 1
        window = MessageWindow(2, **{direction: message_id})
        self.both(lambda services: services.room_openings.open(ROOT, session_id, room_id, "Look for spam"))
        self.both(lambda services: services.room_openings.messages(ROOT, session_id, room_id, window))
        self.both(lambda services: services.room_openings.delete_message(ROOT, session_id, room_id, message_id))

    @rule(event=st.none() | st.sampled_from(AuditEvent), person_id=st.none() | st.integers(1, 5))
    def read_the_audit_log(self, event: AuditEvent | None, person_id: int | None) -> None:
        self.walk(lambda services, window: services.audit_reading.page(window, AuditFilter(event, person_id)))
