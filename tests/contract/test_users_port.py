"""The port `UserStore`: accounts, presence, search."""

import pytest

from builders import undone
from contract.texts import TRICKY_TEXTS
from minichat.domain.model import Credentials, User
from minichat.domain.paging import Window
from minichat.domain.search import name_query

NOBODY = 2**53 - 1


def names(users):
    return [user.username for user in users]


def test_a_new_account_has_the_given_fields(ports, add_user):
    user = add_user("Ann", first_name="Ann", last_name="Lee", email="ann@example.org", is_superuser=True)
    assert user == User(
        id=user.id,
        username="Ann",
        username_key="ann",
        first_name="Ann",
        last_name="Lee",
        email="ann@example.org",
        avatar_url="",
        is_active=True,
        is_superuser=True,
        joined_at=1_000,
        last_seen_at=None,
    )
    assert ports.user_store.get(user.id) == user
    assert isinstance(ports.user_store.get(user.id).is_active, bool)


def test_ids_start_at_one_and_grow(add_user):
    assert [add_user(name).id for name in ("ann", "bob", "carl")] == [1, 2, 3]


def test_a_taken_key_adds_nothing(ports, add_user):
    ann = add_user("ann")
    assert add_user("ANN") is None
    assert ports.user_store.page(Window(5)) == [ann]


def test_an_unknown_id_finds_no_user(ports, ann):
    assert ports.user_store.get(NOBODY) is None
    assert ports.user_store.credentials_by_id(NOBODY) is None
    assert ports.user_store.credentials("nobody") is None
    assert ports.user_store.credentials("") is None


def test_users_are_returned_by_id(ports, ann, bob, carl):
    assert ports.user_store.by_ids([carl.id, ann.id, NOBODY, ann.id]) == {ann.id: ann, carl.id: carl}
    assert ports.user_store.by_ids({bob.id}) == {bob.id: bob}
    assert ports.user_store.by_ids(user.id for user in (ann, bob)) == {ann.id: ann, bob.id: bob}


def test_no_ids_give_no_users(ports, ann):
    assert ports.user_store.by_ids([]) == {}
    assert ports.user_store.by_ids(iter(())) == {}
    assert ports.user_store.by_ids([NOBODY]) == {}


def test_many_users_are_returned_by_id(ports, ann):
    assert ports.user_store.by_ids(range(1, 5_000)) == {ann.id: ann}


def test_credentials_are_found_by_key_and_by_id(ports, ann):
    expected = Credentials(ann, "hash of ann")
    assert ports.user_store.credentials("ann") == expected
    assert ports.user_store.credentials_by_id(ann.id) == expected


def test_keys_are_compared_exactly(ports, add_user):
    add_user("анна")
    assert ports.user_store.credentials("АННА") is None
    assert ports.user_store.credentials("анна").user.username == "анна"


def test_a_password_changes_only_from_its_expected_hash(ports, ann, bob):
    with ports.transaction():
        assert ports.user_store.change_password(ann.id, "hash of ann", "new") is True
        assert ports.user_store.change_password(ann.id, "hash of ann", "newer") is False
        assert ports.user_store.change_password(NOBODY, "hash of ann", "new") is False
    assert ports.user_store.credentials("ann").password_hash == "new"
    assert ports.user_store.credentials("bob").password_hash == "hash of bob"


def test_a_profile_keeps_its_four_fields_and_nothing_else(ports, ann, bob):
    edited = ann._replace(first_name="A", last_name="B", email="c@d.e", avatar_url="https://f.g/")
    other = edited._replace(username="x", username_key="x", is_active=False, is_superuser=True, joined_at=5)
    with ports.transaction():
        ports.user_store.update_profile(other._replace(last_seen_at=7))
    assert ports.user_store.get(ann.id) == edited
    assert ports.user_store.get(bob.id) == bob


def test_presence_is_renewed(ports, ann, bob):
    with ports.transaction():
        ports.user_store.seen(ann.id, 2**45)
    assert ports.user_store.get(ann.id) == ann._replace(last_seen_at=2**45)
    assert ports.user_store.get(bob.id) == bob


def test_changing_a_missing_user_does_nothing(ports, ann):
    with ports.transaction():
        ports.user_store.seen(NOBODY, 1)
        ports.user_store.update_profile(ann._replace(id=NOBODY, first_name="Nobody"))
    assert ports.user_store.page(Window(5)) == [ann]
    assert search(ports, "nobody") == []


@pytest.mark.parametrize("text", TRICKY_TEXTS)
def test_text_is_stored_exactly(ports, add_user, text):
    given = {"first_name": text, "last_name": text, "email": text, "password_hash": text}
    user = add_user("ann", **given)
    with ports.transaction():
        ports.user_store.update_profile(user._replace(avatar_url=text))
    found = ports.user_store.credentials("ann")
    assert found == Credentials(user._replace(avatar_url=text), text)
    assert (found.user.first_name, found.user.last_name, found.user.email) == (text, text, text)


# Lists


@pytest.fixture
def five(add_user):
    return [add_user(name) for name in ("e", "b", "d", "a", "c")]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(5), "abcde"),
        (Window(50), "abcde"),
        (Window(4), "abcde"),
        (Window(3), "abcd"),
        (Window(1), "ab"),
        (Window(2, after=("a",)), "bcd"),
        (Window(2, after=("c",)), "de"),
        (Window(2, after=("bb",)), "cde"),
        (Window(2, after=("e",)), ""),
        (Window(2, after=("",)), "abc"),
        (Window(2, before=("e",)), "bcd"),
        (Window(2, before=("c",)), "ab"),
        (Window(2, before=("dd",)), "bcd"),
        (Window(2, before=("a",)), ""),
        (Window(1, before=("z",)), "de"),
    ],
)
def test_users_are_paged_by_key_with_one_more_than_the_limit(ports, five, window, expected):
    assert names(ports.user_store.page(window)) == list(expected)


def test_users_are_ordered_by_the_code_points_of_their_keys(ports, add_user):
    for name in ("я", "a_b", "中", "aé", "a.b", "\U00010400x", "\uffdcx", "ab", "a1", "a"):
        add_user(name, username_key=name)
    expected = ["a", "a.b", "a1", "a_b", "ab", "aé", "я", "中", "\uffdcx", "\U00010400x"]
    assert names(ports.user_store.page(Window(50))) == expected


def test_users_seen_after_a_moment_are_online(ports, five):
    with ports.transaction():
        for user, at in zip(five, (300, 301, 299, 400, 500), strict=True):
            ports.user_store.seen(user.id, at)
    assert names(ports.user_store.online_page(300, 9_000, Window(5))) == ["a", "b", "c"]
    assert names(ports.user_store.online_page(500, 9_000, Window(5))) == []
    assert names(ports.user_store.online_page(299, 301, Window(5))) == [five[0].username]


def test_a_user_who_was_never_seen_is_not_online(ports, ann):
    assert ports.user_store.online_page(-1, 2**62, Window(5)) == []


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(1), "ac"),
        (Window(2), "ace"),
        (Window(1, after=("a",)), "ce"),
        (Window(1, after=("c",)), "e"),
        (Window(1, before=("e",)), "ac"),
        (Window(1, before=("c",)), "a"),
        (Window(2, before=("a",)), ""),
    ],
)
def test_online_users_are_paged_like_all_users(ports, five, window, expected):
    with ports.transaction():
        for user in five:
            ports.user_store.seen(user.id, 5 if user.username in "ace" else 1)
    assert names(ports.user_store.online_page(3, 9, window)) == list(expected)


# Search


def search(ports, query, limit=50, without=NOBODY):
    return names(ports.user_store.search(name_query(query, ports.characters), limit, without))


def test_a_search_finds_any_part_of_any_name(ports, add_user):
    add_user("bob", first_name="Robert", last_name="Miller", email="secret@example.org")
    for query in ("bob", "o", "ert", "mill", "r", "t m", "robert miller"):
        assert search(ports, query) == ["bob"]
    for query in ("bobby", "secret", "millers", "robertmiller"):
        assert search(ports, query) == []


def test_matches_at_the_start_of_a_name_precede_matches_inside(ports, add_user):
    for name in ("xannb", "anna", "zann", "ann", "xannc", "annb"):
        add_user(name)
    assert search(ports, "ann") == ["ann", "anna", "annb", "zann", "xannb", "xannc"]


def test_a_user_with_several_matches_is_listed_once_by_the_best(ports, add_user):
    add_user("xkimz", first_name="zkima", last_name="Kimz")
    add_user("ykimb", first_name="Kima", last_name="Kimb")
    assert search(ports, "kim") == ["ykimb", "xkimz"]
    assert search(ports, "k", limit=1) == ["ykimb"]


def test_equal_places_are_ordered_by_id(ports, add_user):
    for name in ("user3", "user1", "user2"):
        add_user(name, first_name="Kim")
    assert search(ports, "kim") == ["user3", "user1", "user2"]


def test_the_searching_user_is_omitted_and_does_not_count_for_the_limit(ports, add_user):
    ann = add_user("ann")
    add_user("anna")
    add_user("annb")
    assert search(ports, "ann", limit=2, without=ann.id) == ["anna", "annb"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7, 50])
def test_a_search_returns_its_limit_even_if_names_match_repeatedly(ports, add_user, limit):
    expected = []
    for letter in "bcdefg":
        add_user(f"{letter}ser", first_name="a" * 40 + letter, last_name="a" * 40 + letter)
        expected.append(f"{letter}ser")
    assert search(ports, "a", limit=limit) == expected[:limit]


def test_long_names_are_ordered_by_their_first_128_characters(ports, add_user):
    add_user("user1", first_name="k" * 128 + "b")
    add_user("user2", first_name="k" * 128 + "a")
    add_user("user3", first_name="k" * 127 + "a")
    assert search(ports, "k" * 100) == ["user3", "user1", "user2"]
    add_user("user4", first_name="-x" + "k" * 127 + "b")
    add_user("user5", first_name="-x" + "k" * 127 + "a")
    add_user("user6", first_name="-x" + "k" * 126 + "a")
    assert search(ports, "x" + "k" * 99) == ["user6", "user4", "user5"]


def test_a_long_query_is_compared_to_its_end(ports, add_user):
    add_user("user1", first_name="k" * 99 + "a")
    add_user("user2", first_name="k" * 99 + "b")
    assert search(ports, "k" * 99 + "b") == ["user2"]


@pytest.mark.parametrize("query", ["%", "_", "*", "?", "\\", "'", '"', "a%", "[a-z]", "a OR b", "NEAR(", "\U0010ffff"])
def test_no_character_of_a_search_is_special(ports, add_user, query):
    add_user("eve", first_name="NEAR")
    add_user("carl", first_name=f"x{query}y")
    add_user("dora", first_name=f"{query}y")
    assert search(ports, query) == ["dora", "carl"]


@pytest.mark.parametrize("query", ["анн", "ёл", "strasse", "σίσυφος", "zoe\u0308", "田", "ガ", "محم", "việt", "🙂"])
def test_every_script_is_searched(ports, add_user, query):
    add_user("other")
    add_user("user1", first_name=f"{query.upper()} and more", last_name=query)
    assert search(ports, query) == ["user1"]
    assert search(ports, query.upper()) == ["user1"]


@pytest.mark.parametrize("few", [1, 3, 500])
def test_the_words_of_a_query_are_found_in_any_order(ports, add_user, few, monkeypatch):
    monkeypatch.setattr("minichat.adapters.peewee.stores.name_index.FEW", few)
    for number, (first_name, last_name) in enumerate(
        [("Jo Anna", "Leeds"), ("Anna", "Leeds"), ("Lee", "Anna"), ("Anna", "Lee"), ("Leeanna", ""), ("Ann", "Lee")]
    ):
        add_user(f"user{number}", first_name=first_name, last_name=last_name)
    assert search(ports, "anna lee") == ["user3", "user2", "user1", "user0", "user4"]
    assert search(ports, "lee anna") == ["user2", "user3", "user1", "user0", "user4"]
    assert search(ports, "anna lee", limit=2) == ["user3", "user2"]
    assert search(ports, "ee nn") == ["user2", "user3", "user5", "user4", "user0", "user1"]
    assert search(ports, "user an lee ds") == ["user0", "user1"]
    assert search(ports, "lee an lee") == search(ports, "an lee")
    assert search(ports, "anna leex") == search(ports, "annax lee") == []


def test_places_are_ordered_by_code_points(ports, add_user):
    for number, letter in enumerate("я中🙂aé\ufa0e"):
        add_user(f"user{number}", first_name=f"k{letter}", last_name=f"x-k{letter}")
    expected = ["user3", "user4", "user0", "user1", "user5", "user2"]
    assert search(ports, "k") == expected


def test_a_search_follows_the_profile(ports, add_user):
    bob = add_user("bob", first_name="Robert", last_name="Miller")
    with ports.transaction():
        ports.user_store.update_profile(bob._replace(first_name="Bobby", last_name="Mill"))
    for query in ("robert", "miller", "ert m"):
        assert search(ports, query) == []
    for query in ("bobby", "mill", "by mi", "bob"):
        assert search(ports, query) == ["bob"]
    with ports.transaction():
        ports.user_store.update_profile(bob._replace(first_name="", last_name=""))
    assert search(ports, "mill") == []
    assert search(ports, "bob") == ["bob"]


# Erasing

LATER = 90_000


def remains_of(user):
    name = f"deleted-user-{user.id}"
    return User(user.id, name, name, "", "", "", "", False, False, user.joined_at, None, deleted_at=5_000)


@pytest.fixture
def erase(ports):
    """Erase an account by port and return its remains."""

    def erase_one(user):
        with ports.transaction():
            ports.user_store.erase(remains_of(user), free_at=LATER)
        return remains_of(user)

    return erase_one


def test_an_erased_account_is_replaced_by_its_remains(ports, add_user, erase):
    ann = add_user("Ann", first_name="Ann", last_name="Lee", email="ann@example.org", is_superuser=True)
    with ports.transaction():
        ports.user_store.seen(ann.id, 4_000)
    remains = erase(ann)
    assert ports.user_store.get(ann.id) == remains
    assert ports.user_store.by_ids([ann.id]) == {ann.id: remains}
    assert ports.user_store.credentials_by_id(ann.id) == Credentials(remains, "")
    assert ports.user_store.credentials("ann") is None


def test_an_erased_account_is_in_no_list_and_no_search(ports, add_user, erase, bob):
    ann = add_user("ann", first_name="Delete")
    with ports.transaction():
        for user in (ann, bob):
            ports.user_store.seen(user.id, 4_000)
    erase(ann)
    assert names(ports.user_store.page(Window(5))) == ["bob"]
    assert names(ports.user_store.page(Window(5, before=("x",)))) == ["bob"]
    assert names(ports.user_store.online_page(3_000, 2**62, Window(5))) == ["bob"]
    for query in ("ann", "nn", "d", "delete", "user"):
        assert search(ports, query, 5, without=bob.id) == []


def test_the_name_of_an_erased_account_is_reserved_until_its_expiry(ports, add_user, ann, erase):
    erase(ann)
    assert ports.user_store.is_taken("ann", LATER - 1)
    assert add_user("Ann", joined_at=LATER - 1) is None
    assert not ports.user_store.is_taken("ann", LATER)
    heir = add_user("Ann", joined_at=LATER)
    assert heir.id != ann.id
    assert ports.user_store.is_taken("ann", LATER)


def test_the_name_of_a_second_erased_account_is_reserved_too(ports, add_user, ann, erase):
    erase(ann)
    heir = add_user("ann", joined_at=LATER)
    with ports.transaction():
        ports.user_store.erase(remains_of(heir), free_at=2 * LATER)
    assert [ports.user_store.is_taken("ann", at) for at in (LATER, 2 * LATER)] == [True, False]


def test_a_name_is_taken_while_a_user_has_it(ports, ann):
    assert ports.user_store.is_taken("ann", 0)
    assert not ports.user_store.is_taken("bob", 0)


def test_a_rolled_back_erasure_keeps_the_account(ports, ann):
    with undone(ports):
        ports.user_store.erase(remains_of(ann), free_at=LATER)
    assert ports.user_store.get(ann.id) == ann
    assert search(ports, "ann", 5, without=0) == ["ann"]
    assert ports.user_store.is_taken("ann", 2 * LATER)


def test_an_account_is_disabled_and_enabled_once_each(ports, ann, bob):
    with ports.transaction():
        assert not ports.user_store.set_active(ann.id, True)
        assert ports.user_store.set_active(ann.id, False)
        assert not ports.user_store.set_active(ann.id, False)
        assert not ports.user_store.set_active(10**9, False)
    assert [ports.user_store.get(user.id).is_active for user in (ann, bob)] == [False, True]
    with ports.transaction():
        assert ports.user_store.set_active(ann.id, True)
    assert ports.user_store.get(ann.id) == ann


def test_an_account_is_renamed_unless_the_name_is_taken(ports, ann, bob):
    with ports.transaction(account=ann.id):
        assert not ports.user_store.rename(ann._replace(username="BOB", username_key="bob"), free_at=LATER)
        assert ports.user_store.rename(ann._replace(username="Anna", username_key="anna"), free_at=LATER)
    assert ports.user_store.get(ann.id) == ann._replace(username="Anna", username_key="anna")
    assert ports.user_store.credentials("ann") is None
    assert ports.user_store.credentials("anna").user.id == ann.id
    assert ports.user_store.is_taken("ann", LATER - 1)
    assert not ports.user_store.is_taken("ann", LATER)
    assert search(ports, "anna", 5, without=0) == ["Anna"]
    with ports.transaction(account=ann.id):
        assert ports.user_store.rename(ann._replace(username="ANNA", username_key="anna"), free_at=LATER)
    assert names(ports.user_store.page(Window(5))) == ["ANNA", "bob"]


def test_the_rights_of_a_superuser_are_granted_and_taken_back_once_each(ports, ann, bob):
    with ports.transaction(account=ann.id, superusers=True):
        assert not ports.user_store.has_superuser_besides(bob.id)
        assert not ports.user_store.set_superuser(ann.id, False)
        assert ports.user_store.set_superuser(ann.id, True)
        assert not ports.user_store.set_superuser(ann.id, True)
        assert ports.user_store.has_superuser_besides(bob.id)
        assert not ports.user_store.has_superuser_besides(ann.id)
    assert ports.user_store.get(ann.id) == ann._replace(is_superuser=True)
    with ports.transaction(account=ann.id, superusers=True):
        assert ports.user_store.set_active(ann.id, False)
        assert not ports.user_store.has_superuser_besides(bob.id)
        assert ports.user_store.set_superuser(ann.id, False)


def test_the_shown_avatars_are_found(ports, ann, bob):
    assert set(ports.user_store.shown_avatars(["", "/avatars/a.webp"])) <= {""}
    with ports.transaction():
        ports.user_store.update_profile(ann._replace(avatar_url="/avatars/a.webp"))
        ports.user_store.update_profile(bob._replace(avatar_url="https://example.com/b.png"))
    assert set(ports.user_store.shown_avatars(["/avatars/a.webp", "/avatars/b.webp"])) == {"/avatars/a.webp"}
    assert set(ports.user_store.shown_avatars([])) == set()


def test_expired_reservations_of_names_are_swept(ports, ann, bob, carl):
    with ports.transaction():
        for user, free_at in ((ann, 5_000), (bob, 5_001), (carl, 6_000)):
            ports.user_store.erase(user._replace(username_key=f"gone-{user.id}", username=f"gone-{user.id}"), free_at)
        assert ports.user_store.sweep_freed_names(4_999, 9) == 0
        assert ports.user_store.sweep_freed_names(5_999, 1) == 1
        assert ports.user_store.sweep_freed_names(5_999, 1) == 1
        assert ports.user_store.sweep_freed_names(5_999, 1) == 0
    assert [ports.user_store.is_taken(name, 0) for name in ("ann", "bob", "carl")] == [False, False, True]


def test_leases_that_are_due_are_renewed_together(ports, add_user):
    ann, bob, carl, dora, eve = (add_user(name) for name in ("ann", "bob", "carl", "dora", "eve"))
    with ports.transaction():
        for user, at in ((bob, 5_000), (carl, 5_001), (dora, 1_000), (eve, 1_000)):
            ports.user_store.seen(user.id, at)
        ports.user_store.set_active(dora.id, False)
        ports.user_store.seen_all({ann.id, bob.id, carl.id, dora.id}, 9_000, resolution=4_000)
    seen = [ports.user_store.get(user.id).last_seen_at for user in (ann, bob, carl, dora, eve)]
    assert seen == [9_000, 9_000, 5_001, 1_000, 1_000]


def test_leases_from_a_clock_that_was_set_back_are_due(ports, ann, bob):
    with ports.transaction():
        ports.user_store.seen(ann.id, 13_000)
        ports.user_store.seen(bob.id, 12_999)
        ports.user_store.seen_all({ann.id, bob.id}, 9_000, resolution=4_000)
    assert [ports.user_store.get(user.id).last_seen_at for user in (ann, bob)] == [9_000, 12_999]


def test_the_ids_of_recently_seen_users_are_found(ports, add_user):
    ann, bob, _ = (add_user(name) for name in ("ann", "bob", "carl"))
    with ports.transaction():
        ports.user_store.seen(ann.id, 5_000)
        ports.user_store.seen(bob.id, 5_001)
    assert set(ports.user_store.online_ids(4_999, 9_000)) == {ann.id, bob.id}
    assert set(ports.user_store.online_ids(5_000, 9_000)) == {bob.id}
    assert set(ports.user_store.online_ids(5_001, 9_000)) == set()
    assert set(ports.user_store.online_ids(4_000, 5_001)) == {ann.id}


class TestVerifiedAddresses:
    KEY = "ann@example.org"

    @pytest.fixture
    def verify(self, ports):
        def verify(user, at=5_000):
            with ports.transaction(account=user.id):
                return ports.user_store.verify_email(user.id, self.KEY, at)

        return verify

    def test_a_verified_address_belongs_to_one_account(self, ports, add_user, verify):
        ann, eve = add_user("ann", email="Ann@example.org"), add_user("eve", email="ann@Example.org")
        assert ports.user_store.by_verified_email(self.KEY) is None
        assert verify(ann)
        assert not verify(eve)
        assert ports.user_store.by_verified_email(self.KEY) == ann._replace(email_verified_at=5_000)
        assert ports.user_store.get(eve.id).email_verified_at is None

    def test_a_changed_address_is_free_for_others(self, ports, add_user, verify):
        ann, eve = add_user("ann", email="Ann@example.org"), add_user("eve", email="ann@Example.org")
        verify(ann)
        with ports.transaction(account=ann.id):
            ports.user_store.update_profile(ann._replace(email="new@example.org", email_verified_at=None))
        assert ports.user_store.by_verified_email(self.KEY) is None
        assert verify(eve)

    def test_another_change_of_the_profile_keeps_the_verified_address(self, ports, add_user, verify):
        ann = add_user("ann", email="Ann@example.org")
        verify(ann)
        with ports.transaction(account=ann.id):
            ports.user_store.update_profile(ann._replace(first_name="Ann", email_verified_at=5_000))
        assert ports.user_store.by_verified_email(self.KEY).first_name == "Ann"
