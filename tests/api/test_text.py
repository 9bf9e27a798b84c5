"""Text in requests: invisible text and bidirectional names are refused, other text is kept and found."""

import pytest

from api.client import BASE, Answer, Chat, Json, Person

MESSAGES = "/api/chat/messages/"
ROOMS = "/api/chat/rooms/"
REGISTER = "/api/auth/register/"

INVISIBLE = ["\u200b", " \u3164\u3000", "\ufe0f\u200d", "\U000e0020\uffff"]
CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
KEPT = [
    "\U0001fae9",  # emoji of Unicode 16, and of 17, which Python 3.11 does not know
    "\U0001fac8",
    "👍🏽",
    "👩\u200d💻",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "❤\ufe0f",
    "\u200bx\u200b",
    "\u202eabc\u202c",
    "שלום\u200f!",
    "\u0301",
    "\ue000",
    "می\u200cخواهم",
    "葛\U000e0100",
    " x ",
    ".",
]


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


def codes(answer: Answer) -> tuple[int, dict[str, list[str]]]:
    return answer.status, answer.errors


BLANK = ["This can't be blank."]


def test_content_and_names_that_show_nothing_are_blank(chat: Chat, ann: Person) -> None:
    room = ann.makes_room("Kitchen")
    message = ann.says("hello", in_=room)
    for text in INVISIBLE:
        assert codes(ann.posts(MESSAGES, room=room["id"], content=text)) == (400, {"content": BLANK}), ascii(text)
        for answer, field in [
            (ann.patches(f"{MESSAGES}{message['id']}/", content=text), "content"),
            (ann.posts(ROOMS, name=text), "name"),
            (ann.patches(f"{ROOMS}{room['id']}/", name=text), "name"),
            (ann.patches("/api/auth/profile/", first_name=text), "first_name"),
            (ann.patches("/api/auth/profile/", last_name=text), "last_name"),
        ]:
            assert codes(answer) == (400, {field: BLANK}), (ascii(text), field)
    answer = chat.anyone.posts(REGISTER, username="\u200b\u200b\u200b", password="correct horse", first_name="\u3164")
    assert codes(answer) == (400, {"username": BLANK, "first_name": BLANK})


def test_other_content_is_kept_exactly(ann: Person) -> None:
    room = ann.makes_room("Kitchen")
    for text in KEPT:
        assert ann.posts(MESSAGES, room=room["id"], content=text).body["content"] == text


def test_a_name_holds_no_bidirectional_controls(chat: Chat, ann: Person) -> None:
    refused = ["A name can't hold invisible marks that change the direction of text."]
    room = ann.makes_room("Kitchen")
    for control in CONTROLS:
        text = f"Ann{control}eel"
        assert codes(ann.posts(ROOMS, name=text)) == (400, {"name": refused}), ascii(control)
        answer = ann.patches("/api/auth/profile/", first_name=text, last_name=text)
        assert codes(answer) == (400, {"first_name": refused, "last_name": refused})
        assert ann.posts(MESSAGES, room=room["id"], content=text).status == 201
        answer = chat.anyone.posts(REGISTER, username=text, password="correct horse")
        assert (answer.status, set(answer.errors)) == (400, {"username"})


def test_a_name_keeps_its_joiners_and_selectors(ann: Person) -> None:
    for text in ["👩\u200d💻 Ann", "❤\ufe0f", "علی\u200cرضا", "\U0001fae9", "שרה לוי"]:
        assert ann.patches("/api/auth/profile/", first_name=text).body["first_name"] == text
        assert ann.posts(ROOMS, name=text).body["name"] == text


def found(person: Person, query: str) -> list[str]:
    answer = person.gets("/api/auth/search/", q=query)
    assert answer.status == 200, query
    return [one["username"] for one in answer.body["users"]]


def test_people_are_found_as_other_people_type_their_names(chat: Chat, ann: Person) -> None:
    chat.person("user1", first_name="Işık", last_name="Łukasz")
    chat.person("user2", first_name="Γιώργος", last_name="Παπαδόπουλος")
    chat.person("user3", first_name="José", last_name="Bjørn")
    chat.person("user4", first_name="Иван", last_name="Иванов")
    chat.person("user5", first_name="Алёна", last_name="أحمد")
    chat.person("user6", first_name="Ann 👍🏽", last_name="Lee ❤️")
    for query, username in {
        "ışık": "user1",
        "IŞIK": "user1",
        "isik lukasz": "user1",
        "ΓΙΩΡΓΟΣ": "user2",
        "παπαδοπουλοσ γιωργος": "user2",
        "jose": "user3",
        "bjorn  jose": "user3",
        "Иванов Иван": "user4",
        "Иван  Иванов": "user4",
        "ван нов": "user4",
        "алена احمد": "user5",
        "👍": "user6",
        "❤ 👍🏿": "user6",
        "@user6": "user6",
        "@ lee": "user6",
    }.items():
        assert found(ann, query) == [username], query
    for query in ("@", "   ", "Иван Петров", "josef", "Иванн"):
        assert found(ann, query) == [], query


def test_a_query_of_several_words_ranks_exact_names_then_beginnings(chat: Chat, ann: Person) -> None:
    chat.person("user1", first_name="Jo Anna", last_name="Leeds")
    chat.person("user2", first_name="Anna", last_name="Leeds")
    chat.person("user3", first_name="Lee", last_name="Anna")
    chat.person("user4", first_name="Anna", last_name="Lee")
    chat.person("user5", first_name="Leeanna")
    assert found(ann, "anna lee") == ["user4", "user3", "user2", "user1", "user5"]
    assert found(ann, "lee  anna") == ["user3", "user4", "user2", "user1", "user5"]


def names(answer: Answer) -> list[str]:
    assert answer.status == 200
    return [room["name"] for room in answer.body]


def test_rooms_are_found_by_any_part_of_their_name_in_both_scopes(chat: Chat, ann: Person) -> None:
    bob = chat.person("bob", first_name="Björn", last_name="Ødegård")
    for name in ("Küche", "Große  Küche", "Μουσική", "Garten"):
        ann.makes_room(name)
        chat.clock.advance(1)
    direct: Json = ann.posts("/api/chat/create-direct-chat/", user_id=bob.id).body["room"]
    for query, expected in {
        "kuche": ["Große  Küche", "Küche"],
        "GROSSE KUCH": ["Große  Küche"],
        "μουσικη": ["Μουσική"],
        "rt": ["Garten"],
        " ": ["Björn Ødegård", "Garten", "Μουσική", "Große  Küche", "Küche"],
        "orn ode": ["Björn Ødegård"],
        "%": [],
        "bob": [],
    }.items():
        assert names(ann.gets(ROOMS, q=query)) == expected, query
        assert names(bob.gets(ROOMS, scope="public", q=query)) == [
            name for name in expected if name != direct["name"]
        ], query
    assert names(bob.gets(ROOMS, q="ann")) == ["ann"]
    ann.patches(f"{ROOMS}1/", name="Stube")
    assert names(ann.gets(ROOMS, q="kuch")) == names(bob.gets(ROOMS, scope="public", q="kuch")) == ["Große  Küche"]


def test_the_pages_of_found_rooms_continue_with_the_query(ann: Person) -> None:
    for number in range(5):
        ann.makes_room(f"{'Tea' if number % 2 == 0 else 'Coffee'} {number}")
    walked, path = [], f"{ROOMS}?q=tea&limit=1"
    while path:
        answer = ann.gets(path)
        walked += names(answer)
        path = (answer.link("next") or "").removeprefix(BASE)
    assert sorted(walked) == ["Tea 0", "Tea 2", "Tea 4"]


@pytest.mark.parametrize("query", ["x" * 101, "a%00b", "a%0Ab"])
def test_a_query_for_rooms_is_a_line_of_up_to_100_characters(ann: Person, query: str) -> None:
    answer = ann.gets(f"{ROOMS}?q={query}")
    assert (answer.status, set(answer.errors)) == (400, {"q"})
