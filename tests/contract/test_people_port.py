"""The port `PeopleStore`: people and their rooms, as administrators list them."""

import pytest

from builders import Chat
from minichat.domain.model import PeopleFilter, PeopleOrder, PeopleState
from minichat.domain.paging import Window
from minichat.domain.search import name_query


@pytest.fixture
def people(chat):
    """Six accounts: dora is disabled, eve a superuser, root a disabled superuser, and gone is erased."""
    everybody = {name: chat.person(name) for name in ("root", "ann", "gone", "dora", "eve", "bob", "other")}
    for name in ("root", "eve", "other"):
        chat.services.superusers.grant(everybody[name].id)
    for name in ("root", "dora"):
        chat.services.administration.disable(name)
    chat.services.erasure.erase_account(everybody["gone"].id)
    chat.services.superusers.revoke(everybody["other"].id)
    return everybody


def walk(ports, people, limit):
    """The usernames on each page, onward and back again."""
    onward, window = [], Window(limit)
    while True:
        found = ports.people_store.page(people, window)
        onward.append([user.username for user in found[:limit]])
        if len(found) <= limit:
            break
        window = Window(limit, after=people.key(found[limit - 1]))
    back = ports.people_store.page(people, Window(limit, before=people.key(found[0])))[-limit:]
    assert [user.username for user in back] == onward[-2]
    return [name for page in onward for name in page]


@pytest.mark.parametrize(
    ("state", "by_name", "by_age"),
    [
        (None, "ann bob dora eve other root", "root ann dora eve bob other"),
        (PeopleState.ACTIVE, "ann bob eve other", "ann eve bob other"),
        (PeopleState.DISABLED, "dora root", "root dora"),
        (PeopleState.SUPERUSER, "eve root", "root eve"),
    ],
)
def test_people_are_listed_by_state_in_each_order(ports, people, state, by_name, by_age):
    assert walk(ports, PeopleFilter(state), 1) == by_name.split()
    assert walk(ports, PeopleFilter(state, PeopleOrder.OLDEST), 1) == by_age.split()
    assert walk(ports, PeopleFilter(state, PeopleOrder.NEWEST), 1) == by_age.split()[::-1]


def test_a_search_finds_the_people_of_a_state(ports, chat, people):
    query = name_query("o", ports.characters)

    def found(state, limit=9):
        return {user.username for user in ports.people_store.search(query, state, limit).users}

    assert found(None) == {"root", "dora", "bob", "other"}
    assert found(PeopleState.DISABLED) == {"root", "dora"}
    assert found(PeopleState.SUPERUSER) == {"root"}
    assert len(found(None, limit=2)) == 2
    search = ports.people_store.search
    assert [search(query, None, limit).is_complete for limit in (3, 4)] == [False, True]
    assert [search(query, PeopleState.DISABLED, limit).is_complete for limit in (1, 2)] == [False, True]


def test_the_groups_of_a_user_are_listed_and_the_direct_chats_counted(ports, chat: Chat, people):
    ann, bob, eve = (people[name] for name in ("ann", "bob", "eve"))
    rooms = [ann.makes_room(name, with_=[bob], private=True) for name in ("Tea", "Cake", "Milk")]
    for other in (ann, eve):
        bob.chats_with(other)
    ann.deletes(rooms[1])
    groups = ports.people_store.groups_of(bob.id, Window(1))
    assert [(one.room.id, one.membership.role) for one in groups] == [(rooms[2].id, "member"), (rooms[0].id, "member")]
    assert [one.room.id for one in ports.people_store.groups_of(bob.id, Window(5, after=(rooms[2].id,)))] == [
        rooms[0].id
    ]
    assert [ports.people_store.direct_chats(bob.id, most) for most in (1, 9)] == [1, 2]
    assert ports.people_store.direct_chats(people["root"].id, 9) == 0
