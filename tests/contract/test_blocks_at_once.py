"""Blocks and contact at the same time: a block that is acknowledged holds for everything that begins afterwards."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

import pytest

from builders import ALL, Chat, Person
from minichat.domain.errors import CannotMessage, TooManyReports, YouBlocked
from minichat.domain.model import Message, ReportReason
from minichat.domain.paging import Window
from minichat.domain.reports import MAX_PER_HOUR

pytestmark = pytest.mark.threads
ROUNDS = 8


class Attempts:
    """Repeats an action in a thread until the end of its block, and counts what was refused."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self._changed = threading.Condition()
        self._ended = 0
        self._is_over = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over:
            with suppress(CannotMessage, YouBlocked):
                self._action()
            with self._changed:
                self._ended += 1
                self._changed.notify_all()

    def wait_for_some(self) -> None:
        """Return after an attempt that began after this call."""
        with self._changed:
            enough = self._ended + 2  # the next one may have begun already
            assert self._changed.wait_for(lambda: self._ended >= enough, 30)


@pytest.fixture
def ann(people: list[Person]) -> Person:
    return people[0]


@pytest.fixture
def bob(people: list[Person]) -> Person:
    return people[1]


@pytest.fixture
def people(chat: Chat) -> list[Person]:
    return chat.people("ann", "bob")


def test_nothing_is_sent_between_a_block_and_its_end(ann: Person, bob: Person) -> None:
    direct = ann.chats_with(bob)
    with Attempts(lambda: bob.says("hello", in_=direct)) as attempts:
        for _ in range(ROUNDS):
            attempts.wait_for_some()
            ann.blocks(bob)
            before = ann.looks_at(direct).room.last_seq
            attempts.wait_for_some()
            assert ann.looks_at(direct).room.last_seq == before
            ann.unblocks(bob)
    assert ann.looks_at(direct).room.last_seq > 0


def test_nobody_is_added_between_a_block_and_its_end(ann: Person, bob: Person) -> None:
    with Attempts(lambda: bob.makes_room("Trap", with_=[ann])) as attempts:
        for _ in range(ROUNDS):
            attempts.wait_for_some()
            ann.blocks(bob)
            before = len(ann.rooms())
            attempts.wait_for_some()
            assert len(ann.rooms()) == before
            for view in ann.chat.services.rooms.mine(ann.id, ALL).page.items:
                ann.leaves(view.room)
            ann.unblocks(bob)


def test_a_direct_chat_that_opens_during_a_block_can_only_be_read(chat: Chat, ann: Person) -> None:
    others = chat.people(*(f"user{number}" for number in range(ROUNDS)))

    def opens(other: Person) -> None:
        try:
            other.chats_with(ann)
        except CannotMessage:
            return

    with ThreadPoolExecutor(2) as pool:
        for other in others:
            tasks = [pool.submit(opens, other), pool.submit(ann.blocks, other)]
            for task in tasks:
                task.result(30)
            with pytest.raises(CannotMessage):
                other.says("hello", in_=other.chats_with(ann))


def test_mutual_blocks_at_once_do_not_wait_for_each_other(ann: Person, bob: Person) -> None:
    ann.chats_with(bob)

    def changes(person: Person, other: Person) -> None:
        for _ in range(ROUNDS):
            person.blocks(other)
            person.unblocks(other)
        person.blocks(other)

    with ThreadPoolExecutor(2) as pool:
        for task in [pool.submit(changes, ann, bob), pool.submit(changes, bob, ann)]:
            task.result(60)
    assert (ann.blocked(), bob.blocked()) == (["bob"], ["ann"])


def test_of_many_reports_at_once_no_more_than_the_limit_are_stored(chat: Chat, ann: Person, bob: Person) -> None:
    room = ann.makes_room(with_=[bob])
    reports = chat.services.reports
    messages = [bob.says(f"{number}", in_=room).message for number in range(MAX_PER_HOUR + 6)]

    def make(message: Message) -> bool:
        try:
            reports.make(ann.id, message.id, ReportReason.SPAM)
        except TooManyReports:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(make, messages))
    assert (made.count(True), len(chat.services.report_queue.page(Window(200)).page.items)) == (
        MAX_PER_HOUR,
        MAX_PER_HOUR,
    )
