"""Changes of superusers at the same time: however they go at once, one of them stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from builders import PASSWORD, Chat, Person
from minichat.domain.errors import LastSuperuser

pytestmark = pytest.mark.threads
ROUNDS = 3


def test_one_of_several_superusers_that_leave_at_once_stays(chat: Chat) -> None:
    services = chat.services
    ways: list[Callable[[Person], object]] = [
        lambda person: services.erasure.erase(person.caller, PASSWORD),
        lambda person: services.superusers.revoke(person.id),
        lambda person: services.administration.disable(person.id),
        lambda person: services.erasure.erase_account(person.id),
    ]

    def leaves(person: Person, way: Callable[[Person], object]) -> bool:
        try:
            way(person)
        except LastSuperuser:
            return False
        return True

    staying: list[Person] = []
    for turn in range(ROUNDS):
        people = staying + chat.people(*(f"root-{turn}-{number}" for number in range(len(ways) - len(staying))))
        for person in people:
            services.superusers.grant(person.id)
        with ThreadPoolExecutor(len(ways)) as pool:
            left = list(pool.map(leaves, people, ways[turn:] + ways[:turn]))
        staying = [person for person, has_left in zip(people, left, strict=True) if not has_left]
        assert len(staying) == 1
        assert staying[0].caller.user.is_superuser
