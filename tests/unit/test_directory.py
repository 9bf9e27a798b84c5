"""Profiles, the list of users, search, presence."""

import pytest

from builders import issues_of
from minichat.domain.errors import SessionEnded, UserNotFound
from minichat.domain.paging import Window
from minichat.domain.search import MAX_SEARCHABLE_LENGTH, searchable_names


@pytest.fixture
def ann(chat):
    return chat.person("ann")


def names(page):
    return [user.username for user in page.items]


def test_an_unknown_user_is_not_found(chat):
    with pytest.raises(UserNotFound):
        chat.services.directory.get(None, 1)


def test_a_disabled_user_is_still_shown(chat, ann):
    with chat.ports.transaction(account=ann.id):
        chat.ports.user_store.set_active(ann.id, False)
    assert chat.services.directory.get(None, ann.id).username == "ann"


def test_an_erased_user_is_not_found(chat, ann):
    users = chat.memory.store.tables.users
    users[ann.id] = users[ann.id]._replace(deleted_at=chat.clock())
    with pytest.raises(UserNotFound):
        chat.services.directory.get(None, ann.id)


# Profile


def test_only_given_fields_of_a_profile_change(chat, ann):
    edit = chat.services.directory.edit_profile
    edit(ann.id, first_name=" Ann ", email="ann@example.org", avatar="https://example.org/a.png")
    edited = edit(ann.id, last_name="Lee")
    assert edited == ann.user
    assert (edited.first_name, edited.last_name, edited.email, edited.avatar_url) == (
        "Ann",
        "Lee",
        "ann@example.org",
        "https://example.org/a.png",
    )


def test_an_address_is_kept_in_its_normal_form(chat, ann):
    assert chat.services.directory.edit_profile(ann.id, email=" Ann@EXAMPLE.org").email == "Ann@example.org"


def test_an_email_address_that_was_accepted_before_may_be_sent_back(chat, ann):
    users = chat.memory.store.tables.users
    users[ann.id] = users[ann.id]._replace(email="ann@work")
    edit = chat.services.directory.edit_profile
    assert edit(ann.id, first_name="Ann").email == "ann@work"
    assert edit(ann.id, first_name="Anna", email="ann@work").email == "ann@work"
    assert issues_of(lambda: edit(ann.id, email="anna@work")) == {"email": ["not_an_email"]}


def test_names_that_were_accepted_before_may_be_sent_back(chat, ann):
    users = chat.memory.store.tables.users
    users[ann.id] = users[ann.id]._replace(first_name="\u200b", last_name="a\u202eb")
    edit = chat.services.directory.edit_profile
    edit(ann.id, first_name="\u200b", last_name="a\u202eb", avatar="https://example.org/a.png")
    assert (ann.user.first_name, ann.user.last_name) == ("\u200b", "a\u202eb")
    assert issues_of(lambda: edit(ann.id, first_name="\u200b\u200b")) == {"first_name": ["blank"]}


def test_a_profile_can_be_emptied(chat, ann):
    edit = chat.services.directory.edit_profile
    edit(ann.id, first_name="Ann", last_name="Lee", email="ann@example.org", avatar="https://example.org/a.png")
    user = edit(ann.id, first_name="", last_name="", email="", avatar="")
    assert (user.first_name, user.last_name, user.email, user.avatar_url) == ("", "", "", "")


def test_a_profile_edit_without_fields_changes_nothing(chat, ann):
    with chat.nothing_changes():
        assert chat.services.directory.edit_profile(ann.id) == ann.user


def test_all_issues_of_a_profile_are_reported_and_nothing_is_stored(chat, ann):
    def edit():
        return chat.services.directory.edit_profile(
            ann.id, first_name="fine", last_name="x" * 151, email="x", avatar="http://x.org"
        )

    with chat.nothing_changes():
        assert issues_of(edit) == {
            "last_name": ["too_long"],
            "email": ["not_an_email"],
            "avatar": ["not_an_https_url"],
        }


def test_an_erased_account_has_no_profile_to_edit(chat):
    with pytest.raises(SessionEnded):
        chat.services.directory.edit_profile(99, first_name="Ann")


# The list of users


def test_users_are_listed_by_name_regardless_of_case(chat):
    chat.people("bob", "Ann", "анна", "Carl", "1st")
    assert names(chat.services.directory.page(None, Window(50))) == ["1st", "Ann", "bob", "Carl", "анна"]


def test_users_are_paged_forwards_and_backwards(chat):
    chat.people("user5", "user1", "user3", "user2", "user4")
    page = chat.services.directory.page
    first = page(None, Window(2))
    second = page(None, Window(2, after=first.next))
    third = page(None, Window(2, after=second.next))
    assert [names(first), names(second), names(third)] == [["user1", "user2"], ["user3", "user4"], ["user5"]]
    assert (first.prev, third.next) == (None, None)
    assert names(page(None, Window(2, before=third.prev))) == names(second)
    assert names(page(None, Window(2, before=second.prev))) == names(first)
    assert page(None, Window(2, before=second.prev)).prev is None


# Presence


def test_a_user_seen_within_sixty_seconds_is_listed_as_online(chat):
    _, bob = chat.people("ann", "bob")

    def online():
        return names(chat.services.directory.online(None, Window(50)))

    assert online() == ["ann", "bob"]
    chat.clock.advance(30)
    chat.services.sessions.note_activity(bob.caller)
    chat.clock.advance(30)
    assert online() == ["bob"]
    chat.clock.advance(30)
    assert online() == []


def test_the_list_of_online_users_agrees_with_each_lease(chat, ann):
    for _ in range(3):
        assert (names(chat.services.directory.online(None, Window(50))) == ["ann"]) == ann.user.is_online(chat.clock())
        chat.clock.advance(30)


def test_the_online_users_are_paged(chat):
    chat.people("user3", "user1", "user2")
    first = chat.services.directory.online(None, Window(2))
    assert names(first) == ["user1", "user2"]
    assert names(chat.services.directory.online(None, Window(2, after=first.next))) == ["user3"]


# Search


def test_a_search_looks_into_every_name(chat, ann):
    chat.person("user1", first_name="Marie")
    chat.person("user2", last_name="Marie")
    chat.person("marie")
    assert sorted(ann.finds("marie")) == ["marie", "user1", "user2"]


def test_a_search_finds_any_part_of_a_name(chat, ann):
    chat.person("bob", first_name="Robert", last_name="Miller")
    for query in ("bob", "b", "ob", "ber", "ller", "rt mi", "Robert Miller"):
        assert ann.finds(query) == ["bob"]
    assert ann.finds("bobby") == []


def test_a_search_does_not_look_into_email_addresses(chat, ann):
    chat.person("bob", email="miller@example.org")
    assert ann.finds("miller") == []


def test_a_search_omits_the_viewer(chat, ann):
    chat.person("annika")
    assert ann.finds("ann") == ["annika"]


def test_a_search_ranks_exact_names_then_prefixes_then_other_matches(chat, ann):
    chat.people("joannas", "hanna", "annabel", "anna", "anna2")
    assert ann.finds("anna") == ["anna", "anna2", "annabel", "hanna", "joannas"]


def test_prefix_matches_are_ordered_by_name_and_others_from_the_match_on(chat, ann):
    chat.people("xxbz", "xbq", "bcc", "bca", "xba")
    assert ann.finds("b") == ["bca", "bcc", "xba", "xbq", "xxbz"]


def test_equal_places_are_ordered_by_the_time_of_registration(chat, ann):
    for username in ("user2", "user1", "user3"):
        chat.person(username, first_name="Kim")
    assert ann.finds("kim") == ["user2", "user1", "user3"]


def test_each_user_is_found_once_at_the_best_place(chat, ann):
    chat.person("kimberly", first_name="Kim", last_name="Kimura")
    chat.person("user1", first_name="Kima")
    chat.person("kim_kam")
    assert ann.finds("kim") == ["kimberly", "kim_kam", "user1"]
    assert ann.finds("ki") == ["kimberly", "kim_kam", "user1"]
    assert ann.finds("a") == ["kimberly", "user1", "kim_kam"]


def test_the_best_of_several_matches_in_one_name_counts(chat, ann):
    chat.people("xabzab", "xabc")
    assert ann.finds("ab") == ["xabzab", "xabc"]


def test_overlapping_matches_are_all_looked_at(chat, ann):
    chat.people("xaab", "xaaaa")
    assert ann.finds("aa") == ["xaaaa", "xaab"]


@pytest.mark.parametrize(
    ("username", "first_name", "query"),
    [
        ("user1", "Анна", "АНН"),
        ("Борис", "", "орис"),
        ("user1", "Ёлка", "ёл"),
        ("user1", "Straße", "STRASS"),
        ("user1", "ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("user1", "ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("user1", "Zoë", "ZOE\u0308"),
        ("user1", "ｔａｎａｋａ", "Tana"),
        ("田中太郎", "", "中太"),
        ("user1", "ガガーリン", "ｶﾞｶﾞ"),
        ("user1", "محمد", "حمد"),
        ("user1", "Việt", "VIỆT"),
        ("user1", "ﬁona", "FIO"),
        ("user1", "İpek", "i̇pek"),
        ("user1", "İstanbul", "istanbul"),
        ("user1", "İstanbul", "ISTANBUL"),
        ("user1", "istanbul", "İST"),
        ("user1", "Diyarbakır İli", "ır i"),
        ("user1", "Pat O’Brien", "O'BRI"),
        ("user1", "Мар\u02bcяна", "мар'я"),
        ("user1", "D'Arcy", "d’arcy"),
        ("user1", "Jean\u2011Pierre", "jean-p"),
        ("user1", "علی\u200cرضا", "علیرضا"),
        ("user1", "علیرضا", "علی\u200cرضا"),
    ],
)
def test_a_search_ignores_case_in_every_script(chat, ann, username, first_name, query):
    chat.person(username, first_name=first_name)
    assert ann.finds(query) == [username]


@pytest.mark.parametrize("query", ["%", "_", "*", "\\", "'", '"', "a%", "[a-z]", "a OR b", "NEAR("])
def test_no_character_of_a_query_is_special(chat, ann, query):
    chat.person("bob")
    chat.person("carl", last_name=f"x{query}y")
    assert ann.finds(query) == ["carl"]


def test_scripts_are_ordered_by_code_points(chat, ann):
    for number, first_name in enumerate(["юa", "ab", "中a", "🙂a", "éa"]):
        chat.person(f"user{number}", first_name=f"k {first_name}")
    assert ann.finds("k ") == ["user1", "user4", "user0", "user2", "user3"]


def test_a_search_returns_the_best_matches_up_to_its_limit(chat, ann):
    chat.people("xkim", "kim2", "kim1")
    assert ann.finds("kim", limit=2) == ["kim1", "kim2"]
    assert ann.finds("kim", limit=1) == ["kim1"]


def test_names_that_agree_in_128_characters_are_ordered_by_registration(chat, ann):
    chat.person("user1", first_name="k" * 128 + "z")
    chat.person("user2", first_name="k" * 128 + "a")
    assert ann.finds("k" * 100) == ["user1", "user2"]


@pytest.mark.parametrize(
    ("query", "issue"),
    [("", "blank"), ("x" * 101, "too_long"), ("a\0", "control_characters"), ("a\nb", "not_one_line")],
)
def test_a_query_has_1_to_100_characters_in_a_line(ann, query, issue):
    assert issues_of(lambda: ann.finds(query)) == {"q": [issue]}


def test_the_longest_query_is_fine(chat, ann):
    chat.person("bob", first_name="x" * 100)
    assert ann.finds(" " + "x" * 100 + " ") == ["bob"]


def test_a_folded_query_is_compared_by_its_first_128_characters(chat, ann):
    chat.person("bob", first_name="ﬃ" * 50)
    assert ann.finds("ﬃ" * 50) == ann.finds("ﬃ" * 42 + "ff") == ann.finds("ﬃ" * 43 + "x") == ["bob"]
    assert ann.finds("ﬃ" * 42 + "x") == []


def test_the_names_to_search_are_each_folded_once(chat):
    bob = chat.person("Bob", first_name="BOB", last_name="Bób").user
    assert searchable_names(bob, chat.ports.characters) == ("bob bob", "bob", "bob bob\x01")
    assert searchable_names(chat.person("eve").user, chat.ports.characters) == ("eve", "")
    ann = chat.person("ann", first_name="Ánna", last_name="Lee").user
    assert searchable_names(ann, chat.ports.characters) == ("anna lee", "ann", "anna", "lee", "lee anna\x01")


def test_names_with_a_very_long_folded_form_are_searchable_by_their_beginning(chat):
    ann = chat.person("ann", first_name="\ufdfa" * 150, last_name="\ufdfb" * 150)
    assert all(len(name) <= MAX_SEARCHABLE_LENGTH + 1 for name in searchable_names(ann.user, chat.ports.characters))
