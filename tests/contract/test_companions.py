"""The users who share a room: `MembershipStore.sharing`, and the lists of `UserStore` with `known_to`."""

import pytest

from minichat.adapters.memory import PlainCharacters
from minichat.domain.model import NewMessage, NewRoom, Role, RoomKind
from minichat.domain.paging import Window
from minichat.domain.search import name_query

COMPANIONS = "minichat.adapters.peewee.stores.companions"
ALL = Window(200)


@pytest.fixture(params=["gathered", "walked", "walked in short steps", "gathered after a short walk"])
def way(request, monkeypatch):
    """Each way to a list, whatever the sizes of the rooms are."""
    if request.param != "gathered":
        monkeypatch.setattr(f"{COMPANIONS}.FEW", -1)
    if request.param in {"walked in short steps", "gathered after a short walk"}:
        monkeypatch.setattr(f"{COMPANIONS}.STEP", 2)
    if request.param == "gathered after a short walk":
        monkeypatch.setattr(f"{COMPANIONS}.MAX_STEPS", 1)


def names(users):
    return [user.username for user in users]


def search(ports, text, limit=50, *, known_to, without=0):
    query = name_query(text, PlainCharacters())
    return names(ports.user_store.search(query, limit, without, known_to=known_to))


@pytest.fixture
def tea(add_room, ann, bob, carl):
    return add_room(ann, bob, carl, name="Tea")


def test_users_of_one_room_are_companions(ports, ann, bob, carl, add_user, tea):
    eve = add_user("eve")
    everybody = {ann.id, bob.id, carl.id, eve.id, 999}
    assert ports.membership_store.sharing(ann.id, everybody - {ann.id}) == {bob.id, carl.id}
    assert ports.membership_store.sharing(ann.id, [eve.id]) == set()
    assert ports.membership_store.sharing(eve.id, everybody) == set()
    assert ports.membership_store.sharing(ann.id, []) == set()


def test_a_removed_room_is_not_shared(ports, ann, bob, tea, add_room):
    with ports.transaction():
        ports.room_store.remove(tea.id, 2_000)
    assert ports.membership_store.sharing(ann.id, [bob.id]) == set()
    add_room(bob, ann)
    assert ports.membership_store.sharing(ann.id, [bob.id]) == {bob.id}


def test_a_direct_chat_is_shared(ports, ann, bob):
    with ports.transaction():
        chat = ports.room_store.add(NewRoom("", "", RoomKind.DIRECT, True, 1_000, (ann.id, bob.id)))
        for user in (ann, bob):
            ports.membership_store.add(chat.id, user.id, Role.MEMBER, 0)
    assert ports.membership_store.sharing(bob.id, [ann.id]) == {ann.id}


@pytest.mark.usefixtures("way")
def test_a_list_holds_the_user_and_the_companions_once(ports, add_user, add_room, ann, bob, tea):
    eve, dan = add_user("eve"), add_user("dan")
    add_room(dan, bob, ann)
    assert names(ports.user_store.page(ALL, known_to=ann.id)) == ["ann", "bob", "carl", "dan"]
    assert names(ports.user_store.page(ALL, known_to=dan.id)) == ["ann", "bob", "dan"]
    assert names(ports.user_store.page(ALL, known_to=eve.id)) == ["eve"]


@pytest.mark.usefixtures("way")
def test_a_list_omits_erased_accounts_and_removed_rooms(ports, add_room, add_user, ann, bob, carl, tea):
    eve = add_user("eve")
    gone = add_room(ann, eve)
    with ports.transaction(account=carl.id):
        ports.room_store.remove(gone.id, 2_000)
        remains = carl._replace(username="deleted-user-3", username_key="deleted-user-3", deleted_at=2_000)
        ports.user_store.erase(remains, free_at=3_000)
    assert names(ports.user_store.page(ALL, known_to=ann.id)) == ["ann", "bob"]
    assert search(ports, "eve", known_to=ann.id) == []
    assert search(ports, "carl", known_to=ann.id) == []


@pytest.mark.usefixtures("way")
def test_companions_are_paged_in_both_directions(ports, add_user, add_room):
    users = [add_user(f"u{number}") for number in range(9)]
    add_room(*users[::2])
    for window, expected in (
        (Window(2), ["u0", "u2", "u4"]),
        (Window(2, after=("u2",)), ["u4", "u6", "u8"]),
        (Window(2, after=("u5",)), ["u6", "u8"]),
        (Window(3, after=("u8",)), []),
        (Window(2, before=("u6",)), ["u0", "u2", "u4"]),
        (Window(1, before=("u8",)), ["u4", "u6"]),
        (Window(5, before=("u4",)), ["u0", "u2"]),
        (Window(9, before=("u0",)), []),
    ):
        assert names(ports.user_store.page(window, known_to=users[4].id)) == expected


@pytest.mark.usefixtures("way")
def test_online_companions_are_listed(ports, add_user, ann, bob, carl, tea):
    eve = add_user("eve")
    with ports.transaction():
        for user in (ann, bob, eve):
            ports.user_store.seen(user.id, 5_000)
    assert names(ports.user_store.online_page(1, 9_000, ALL, known_to=ann.id)) == ["ann", "bob"]
    assert names(ports.user_store.online_page(1, 9_000, Window(1, after=("ann",)), known_to=ann.id)) == ["bob"]
    assert names(ports.user_store.online_page(1, 9_000, ALL, known_to=eve.id)) == ["eve"]


@pytest.mark.usefixtures("way")
def test_a_search_finds_companions_in_the_order_of_every_search(ports, add_user, add_room):
    given = [
        ("anna", "", ""),
        ("zoe", "Ann", "Lee"),
        ("susann", "", ""),
        ("ann", "", ""),
        ("lee", "Bert", "Ann"),
        ("annex", "", ""),
        ("other", "Joe", "Doe"),
    ]
    users = [add_user(name, first_name=first, last_name=last) for name, first, last in given]
    strangers = [add_user(f"ann-{number}") for number in range(20)]
    add_room(*users)
    found = search(ports, "ann", known_to=users[6].id, without=users[6].id)
    everybody = names(ports.user_store.search(name_query("ann", PlainCharacters()), 200, without=0))
    assert found == [name for name in everybody if name not in names(strangers)]
    assert set(found) == {"anna", "zoe", "susann", "ann", "lee", "annex"}
    assert search(ports, "ann", 2, known_to=users[6].id) == found[:2]
    assert search(ports, "lee ann", known_to=users[6].id) == ["zoe", "lee"]
    assert search(ports, "ann", known_to=strangers[0].id, without=strangers[0].id) == []
    assert search(ports, "doe", known_to=users[6].id, without=users[6].id) == []


def test_authors_of_a_room_are_known_for_ever(ports, ann, bob, carl, tea, add_room):
    other = add_room(carl, ann)
    with ports.transaction(room=tea.id):
        ports.message_store.append(NewMessage(tea.id, ann.id, "hello", 1_000, client_id="c1"))
        ports.message_store.append(NewMessage(tea.id, bob.id, "hello", 1_000))
    assert ports.message_store.has_author(tea.id, ann.id)
    assert ports.message_store.has_author(tea.id, bob.id)
    assert not ports.message_store.has_author(tea.id, carl.id)
    assert not ports.message_store.has_author(other.id, ann.id)
    assert not ports.message_store.has_author(other.id, bob.id)
