"""The port `MessageIndex`: each adapter finds the same messages."""

import random
from functools import cache

import pytest

from builders import undone
from minichat.adapters.memory import PlainCharacters
from minichat.adapters.peewee.stores import postgres_message_search
from minichat.domain.message_words import matches, message_query, searchable_text
from minichat.domain.model import MAX_ID, NewMessage, ReadableRoom
from scale import scaled

CHARACTERS = PlainCharacters()
NONE = 2**53 - 1


@pytest.fixture
def say(ports):
    def say_one(room, user, content):
        with ports.transaction(room=room.id):
            return ports.message_store.append(NewMessage(room.id, user.id, content, 2_000))

    return say_one


@pytest.fixture
def change(ports):
    """Edit a message, or delete it."""

    def change_one(message, content):
        changed = message._replace(content=content, edited_at=3_000, is_deleted=not content)
        with ports.transaction(room=message.room_id):
            ports.message_store.update(changed, None)
        return changed

    return change_one


@pytest.fixture
def found(ports):
    """The contents of the messages that a search finds in rooms, from their first message on."""

    def search(typed, *rooms, limit=50, **filters):
        readable = [ReadableRoom(room.id, 0, MAX_ID) for room in rooms]
        with ports.snapshot():
            found = ports.message_index.search(message_query(typed, CHARACTERS), readable, limit, **filters)
        return [message.content for message in found.messages]

    return search


def test_a_search_returns_whole_messages(ports, say, room, ann):
    message = say(room, ann, "Hello, world")
    query = message_query("WORLD", CHARACTERS)
    assert list(ports.message_index.search(query, [ReadableRoom(room.id, 0, message.id)], 1).messages) == [message]


def test_the_newest_matches_of_all_rooms_come_first(say, found, add_room, room, ann):
    other = add_room(ann)
    for number, where in enumerate((room, other, other, room, room)):
        say(where, ann, f"tea {number}")
        say(where, ann, f"coffee {number}")
    assert found("tea", room, other) == ["tea 4", "tea 3", "tea 2", "tea 1", "tea 0"]
    assert found("tea", other, room, limit=3) == ["tea 4", "tea 3", "tea 2"]
    assert found("tea", other) == ["tea 2", "tea 1"]
    assert found("tea") == []


def test_all_words_of_a_query_must_match_in_one_message(say, found, room, ann):
    for content in ("tea and cake", "tea", "cake", "teapot cakes", "steam and pancake"):
        say(room, ann, content)
    assert found("cake tea", room) == ["teapot cakes", "tea and cake"]


@pytest.mark.parametrize(
    ("content", "query"),
    [
        ("a", "a"),
        ("plan B", "b"),
        ('say "AND" * to it', '"and" *'),
        ("NOT near OR", "not NEAR or"),
        ("100% _sure_", "sure 100"),
        ("Съешь ЁЛКУ", "елку съешь"),
        ("x" * 200, "x" * 200),
        ("x" * 4_000, "x" * 33),
        ("你好世界", "世"),
        ("你好世界", "好世界"),
        ("スーパーマン", "マン"),
        ("สวัสดีครับ", "ดี"),
        ("ສະບາຍດີ", "ບາ"),
        ("សួស្តី", "ស្តី"),
        ("မင်္ဂလာပါ", "လာ"),
        ("我的iPhone手机", "iphone手"),
        ("so good👍🏽", "👍"),
        ("👨\u200d👩\u200d👧 🇩🇪🇫🇷 5\ufe0f\u20e3 #\ufe0f\u20e3 ‼\ufe0f", "🇫🇷 ‼ #⃣ 👨\u200d👩\u200d👧 5⃣"),
        ("❤\ufe0f", "❤"),
        ("straße", "STRASSE"),
        ("tab\tand\nline", "line tab"),
    ],
)
def test_a_message_is_found_by(say, found, room, ann, content, query):
    say(room, ann, content)
    assert found(query, room) == [content]


@pytest.mark.parametrize(
    ("content", "query"),
    [
        ("stop", "top"),
        ("iPhone手机", "phone"),
        ("手 iPhone", "iphone手"),
        ("你好", "好你"),
        ("x" * 40 + "y", "x" * 40 + "z"),
        ("abc", "abcd"),
        ("tea", "tea cake"),
        ("👍", "👎"),
        ("🇩🇪🇫🇷", "🇪🇫"),
    ],
)
def test_a_message_is_not_found_by(say, found, room, ann, content, query):
    say(room, ann, content)
    assert found(query, room) == []


def test_an_edited_message_is_found_by_its_new_words_only(say, change, found, room, ann):
    message = change(say(room, ann, "old tea"), "new tea")
    assert (found("old", room), found("new", room), found("tea", room)) == ([], ["new tea"], ["new tea"])
    change(message, "newest")
    assert (found("tea", room), found("new", room)) == ([], ["newest"])


def test_a_deleted_message_is_not_found(say, change, found, room, ann):
    change(say(room, ann, "tea"), "")
    assert found("tea", room) == []


def test_a_message_without_words_can_get_some_and_lose_them(say, change, found, room, ann):
    message = say(room, ann, "...")
    message = change(message, "words")
    assert found("words", room) == ["words"]
    change(message, "!!!")
    assert found("words", room) == []


def test_a_rollback_leaves_nothing_in_the_index(ports, say, found, room, ann):
    message = say(room, ann, "first")
    with undone(ports):
        ports.message_store.append(NewMessage(room.id, ann.id, "second", 3_000))
        ports.message_store.update(message._replace(content="third"), None)
    assert (found("first", room), found("second", room), found("third", room)) == (["first"], [], [])


def test_a_search_can_be_limited_to_an_author(say, found, room, ann, bob):
    for user, content in ((ann, "tea 1"), (bob, "tea 2"), (ann, "tea 3"), (bob, "cake")):
        say(room, user, content)
    assert found("tea", room, author_id=ann.id) == ["tea 3", "tea 1"]
    assert found("t", room, author_id=bob.id) == ["tea 2"]
    assert found("tea", room, author_id=NONE) == []


def test_a_search_continues_before_any_id(say, found, add_room, room, ann):
    other = add_room(ann)
    said = [say(where, ann, f"tea {number}") for number, where in enumerate((room, other, room, other))]
    assert found("tea", room, other, before=said[2].id) == ["tea 1", "tea 0"]
    assert found("tea", room, before=said[3].id) == ["tea 2", "tea 0"]
    assert found("tea", room, other, before=1) == []
    assert found("tea", room, other, before=NONE, limit=1) == ["tea 3"]


def test_a_search_does_not_reach_below_the_first_readable_message(ports, say, room, ann):
    said = [say(room, ann, f"tea {number}") for number in range(4)]
    readable = [ReadableRoom(room.id, said[2].seq, said[3].id)]
    query = message_query("tea", CHARACTERS)
    assert list(ports.message_index.search(query, readable, 9).messages) == [said[3], said[2]]


@pytest.mark.parametrize(
    ("query", "decoy"),
    [
        ("日本語 x", "日本 本語 x"),
        ("x" * 33, "x" * 32 + "y"),
        ("a b c d e f g h i", "a b c d e f g h"),
    ],
)
def test_a_search_goes_on_after_much_text_compared_in_vain(ports, say, room, ann, query, decoy):
    said = say(room, ann, f"x {query}")
    decoys = [say(room, ann, f"{decoy} " + "é" * 3_900) for _ in range(28)]
    readable = [ReadableRoom(room.id, 0, decoys[-1].id)]
    sought, found, before = message_query(query, CHARACTERS), [], None
    for _ in range(3):
        with ports.snapshot():
            some = ports.message_index.search(sought, readable, 2, before=before)
        found += some.messages
        if some.rest is None:
            break
        assert before is None or some.rest < before
        before = some.rest
    assert found == [said]


WORDS = [
    *("a", "ab", "abc", "tea", "teapot", "Tee", "чай", "чайник", "Ёж", "茶", "茶壶", "壶", "x茶y", "ชา", "ชาเย็น"),
    *("👍", "👍🏽", "❤\ufe0f", "5", "50", "AND", "*"),
]
SEPARATORS = [" ", " ", ", ", "-", "", "\n", " * ", '"']


def test_an_index_finds_the_same_as_reading_every_message(ports, say, change, add_room, ann, bob, carl, monkeypatch):
    """Thousands of random queries, rooms and filters, with edits and deletions between them."""
    # On PostgreSQL the newest messages are read, and the others looked up. Here too there must be others.
    monkeypatch.setattr(postgres_message_search, "FIRST_SCANNED", scaled(2, 20))
    monkeypatch.setattr(postgres_message_search, "SCANNED", scaled(5, 50))
    monkeypatch.setattr(postgres_message_search, "SCANNED_FOR_MANY", scaled(20, 400))
    monkeypatch.setattr(postgres_message_search, "FIRST_LOOKED_UP", 1)
    chance, text_of = random.Random(13), cache(lambda content: searchable_text(content, CHARACTERS))
    rooms = [add_room(ann, bob, carl, name=f"Room {number}") for number in range(4)]

    def text():
        words = chance.choices(WORDS, k=chance.randint(1, 4))
        return "".join(word + chance.choice(SEPARATORS) for word in words) or "x"

    said = [say(chance.choice(rooms), chance.choice((ann, bob, carl)), text()) for _ in range(scaled(60, 3_000))]
    for _ in range(scaled(150, 5_000)):
        if chance.random() < 0.3:
            which = chance.randrange(len(said))
            if not said[which].is_deleted:
                said[which] = change(said[which], chance.choice((text(), text(), "")))
        typed = chance.choice((text(), text()[:1], text()[:2], chance.choice(WORDS)))
        query = message_query(typed, CHARACTERS)
        if not query.words:
            continue
        some = chance.sample(rooms, chance.randint(1, 4))
        readable = [ReadableRoom(room.id, chance.choice((0, 0, 5)), said[-1].id) for room in some]
        author_id = chance.choice((None, None, ann.id, carl.id))
        before = chance.choice((None, None, chance.choice(said).id))
        limit = chance.choice((1, 2, 50))
        first = {room.room_id: room.first_seq for room in readable}
        expected = [
            message
            for message in reversed(said)
            if message.seq >= first.get(message.room_id, NONE)
            and not message.is_deleted
            and author_id in (None, message.user_id)
            and message.id < (before or NONE)
            and matches(text_of(message.content), query)
        ]
        with ports.snapshot():
            found = ports.message_index.search(query, readable, limit, author_id=author_id, before=before)
        assert list(found.messages) == expected[:limit], (typed, readable, author_id, before)
