"""The search for messages: which words match, and which messages a user may find."""

import pytest

from builders import PASSWORD, contents, issues_of
from minichat.adapters.memory import PlainCharacters
from minichat.domain import message_words
from minichat.domain.errors import NotAParticipant, RoomNotFound
from minichat.domain.message_search import MessageFilter
from minichat.domain.message_words import (
    MAX_INDEXED_LENGTH,
    MAX_SOUGHT,
    compared,
    index_words,
    matches,
    merged,
    message_query,
    searchable_text,
)
from minichat.domain.model import FoundMessages, HistoryAccess, Message, Role
from minichat.domain.room_rules import RoomPolicy

NONE = 2**53 - 1
CHARACTERS = PlainCharacters()


def words_of(content):
    """The words of a message, with a dot before each unit after the first."""
    return [
        word[1:].replace(message_words.START, "·") for word in searchable_text(content, CHARACTERS).split(" ") if word
    ]


def finds(query, content):
    return matches(searchable_text(content, CHARACTERS), message_query(query, CHARACTERS))


# Words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("snake_case e-mail a.b@c", ["snake", "case", "e", "mail", "a", "b", "c"]),
        ("don't 3.14 no1", ["don", "t", "3", "14", "no1"]),
        ("Žluťoučký ΚΌΣΜΟΣ Ёлка", ["zlutoucky", "κοσμοσ", "елка"]),
        ("हिन्दी", ["हिन्दी"]),
        ("it\u00b4s", ["it", "s"]),
        ("½ ﬁ ㎏", ["1", "2", "fi", "kg"]),
        ("日本語", ["日·本·語"]),
        ("iPhone手机ok", ["iphone·手·机·ok"]),
        ("ดีค่ะ", ["ด·ี·ค·่·ะ"]),
        ("hi👍there", ["hi", "👍", "there"]),
        ("👍🏽👍", ["👍", "👍"]),
        ("❤\ufe0f❤", ["❤", "❤"]),
        ("👩🏽\u200d🚀!", ["👩\u200d🚀"]),
        ("🇩🇪🇫🇷🇷🇺", ["🇩🇪", "🇫🇷", "🇷🇺"]),
        ("15\ufe0f\u20e3 #\ufe0f\u20e3 #", ["1", "5\u20e3", "#\u20e3"]),
        ("what\u203c\ufe0f \u2049", ["what", "\u203c", "\u2049"]),
        ('" * - AND ()', ["and"]),
        ("...", []),
        ("", []),
    ],
)
def test_the_words_of_a_message_are(content, words):
    assert words_of(content) == words


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ("wor", "Hello, World"),
        ("world hello", "Hello, World"),
        ("h", "Hello"),
        ("привет", "ПРИВЕТ"),
        ("ПРИ", "привет"),
        ("本", "日本語"),
        ("iphone", "我的iPhone"),
        ("手", "iPhone手机"),
        ("iphone手", "我的iPhone手机"),
        ("👍", "ok👍🏿"),
        ("x" * 200, "x" * 200 + "y"),
    ],
)
def test_a_query_finds(query, content):
    assert finds(query, content)


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ("orld", "World"),
        ("phone", "iPhone手机"),
        ("iphone手", "iphone 手"),
        ("语日", "日语"),
        ("hello there", "hello"),
        ("x" * 200, "x" * 199),
    ],
)
def test_a_query_does_not_find(query, content):
    assert not finds(query, content)


def test_a_very_long_expansion_is_cut():
    text = searchable_text("\ufdfa" * 4_000, CHARACTERS)  # one letter of eighteen
    assert 7_000 < len(text) < 12_000
    assert finds("\ufdfa", "\ufdfa" * 4_000)


def test_the_longest_message_is_searched_to_its_end():
    assert finds("end", "é " * 1_998 + "end")


def test_an_index_holds_each_word_once_and_pairs_of_characters():
    assert list(index_words(searchable_text("ab ab c 日本語 x日", CHARACTERS))) == [
        *("ab", "c", "日本", "本語", "語", "x日", "日")
    ]
    assert list(index_words(searchable_text("x" * 99, CHARACTERS))) == ["x" * MAX_INDEXED_LENGTH]
    assert list(index_words("")) == []


@pytest.mark.parametrize(
    ("query", "sought"),
    [
        ("tea", ["tea…"]),
        ("tea t te", ["tea…"]),
        ("tea cake", ["cake…", "tea…"]),
        ("日", ["日…"]),
        ("日本", ["日本"]),
        ("日本語", ["日本", "本語"]),
        ("iphone手", ["iphone", "手…"]),
        ("手iphone", ["iphone…", "手i"]),
        ("x" * 99, ["x" * MAX_INDEXED_LENGTH + "…"]),
        ("*", []),
    ],
)
def test_a_query_looks_up(query, sought):
    query = message_query(query, CHARACTERS)
    assert [word.text + ("" if word.is_whole else "…") for word in query.sought] == sought


def test_a_query_looks_up_a_limited_number_of_words():
    query = message_query(" ".join(f"w{number}x" for number in range(60)), CHARACTERS)
    assert (len(query.words), len(query.sought)) == (60, MAX_SOUGHT)


def candidate(number, content):
    return Message(number, 1, number, 1, content, 0, None, False, None, None)


def test_a_comparison_stops_after_much_text_in_vain():
    query = message_query("tea", CHARACTERS)
    candidates = [candidate(9, "tea"), *(candidate(number, "é" * 600) for number in (8, 7, 6)), candidate(5, "tea")]
    assert compared(candidates, query, CHARACTERS, 9, most=1_800) == ([candidates[0]], 6)
    assert compared(candidates, query, CHARACTERS, 9, most=600) == ([candidates[0]], 8)
    assert compared(candidates, query, CHARACTERS, 9) == ([candidates[0], candidates[4]], None)
    assert compared(candidates, query, CHARACTERS, 1, most=1) == ([candidates[0]], None)
    assert compared([], query, CHARACTERS, 9) == ([], None)


@pytest.mark.parametrize(
    ("content", "compared_messages"),
    [
        ("a" * 4_000, 10),
        ("a", 250),
        ("é", 157),
        ("é" * 4_000, 2),
        ("é" * 40, 71),
        ("\ufdfa" * 400, 1),
        ("é " * 50, 8),
        ("é " * 150, 3),
        ("é " * 151, 11),
    ],
)
def test_a_comparison_counts_the_work_for_a_message(content, compared_messages):
    candidates = [candidate(1_000 - number, content) for number in range(1_000)]
    found = compared(candidates, message_query("tea", CHARACTERS), CHARACTERS, 9, most=5_000)
    assert found.rest == 1_000 - compared_messages + 1


def test_two_searches_are_merged_down_to_the_end_of_either():
    nine, seven, five = (candidate(number, "tea") for number in (9, 7, 5))
    assert merged(FoundMessages([nine, five]), FoundMessages([seven]), 9) == ([nine, seven, five], None)
    assert merged(FoundMessages([nine, five]), FoundMessages([seven], rest=6), 9) == ([nine, seven], 6)
    assert merged(FoundMessages([nine], rest=8), FoundMessages([seven], rest=6), 9) == ([nine], 8)
    assert merged(FoundMessages([nine, five]), FoundMessages([nine]), 1) == ([nine], None)


# What one may find


@pytest.fixture
def room(ann, bob):
    return ann.makes_room("Tea", private=True, with_=[bob])


@pytest.fixture
def searches(chat):
    """Return the contents that a search finds."""

    def search(person, query, limit=50, room=None, user=None, before=None):
        within = MessageFilter(room and room.id, user and user.id, before and before.id)
        return contents(chat.services.message_search.search(person.id, query, limit, within))

    return search


def test_a_participant_finds_messages_of_all_rooms_the_newest_first(searches, ann, bob, room):
    ann.says("tea 1", in_=room)
    ann.says("tea 2", in_=ann.chats_with(bob))
    bob.says("tea 3", in_=room)
    ann.says("tea 4", in_=ann.makes_room("Own"))
    assert searches(bob, "TEA") == ["tea 3", "tea 2", "tea 1"]
    assert searches(ann, "tea", limit=2) == ["tea 4", "tea 3"]


def test_an_outsider_finds_nothing_in_private_and_public_rooms(searches, ann, carl, room):
    ann.says("tea", in_=room)
    ann.says("tea", in_=ann.makes_room("Public"))
    assert searches(carl, "tea") == []


@pytest.mark.parametrize("end", ["leaves", "is removed", "is banned"])
def test_a_former_participant_finds_nothing_more(searches, ann, bob, room, end):
    bob.says("my own tea", in_=room)
    {
        "leaves": lambda: bob.leaves(room),
        "is removed": lambda: ann.removes(bob, from_=room),
        "is banned": lambda: ann.bans(bob, from_=room),
    }[end]()
    assert searches(bob, "tea") == []
    assert searches(ann, "tea") == ["my own tea"]


def test_a_member_who_joins_again_finds_the_earlier_messages(searches, ann, bob, room):
    ann.says("tea", in_=room)
    bob.leaves(room)
    ann.adds(bob, to=room)
    assert searches(bob, "tea") == ["tea"]


def test_a_room_that_hides_earlier_messages_is_searched_from_the_joining_on(chat, searches, ann, bob, carl, room):
    said = [ann.says("tea before", in_=room).message]
    ann.adds(carl, to=room)
    said.append(ann.says("tea after", in_=room).message)
    for history, seen in ((HistoryAccess.JOINED, ["tea after"]), (HistoryAccess.ALL, ["tea after", "tea before"])):
        chat.services.rooms.edit(ann.id, room.id, policy=RoomPolicy(history=history))
        assert searches(carl, "tea") == searches(carl, "tea", room=room) == seen
        assert searches(bob, "tea") == ["tea after", "tea before"]
    chat.services.rooms.edit(ann.id, room.id, policy=RoomPolicy(history=HistoryAccess.JOINED))
    carl.leaves(room)
    ann.adds(carl, to=room)
    assert searches(carl, "tea") == []
    assert searches(carl, "tea", before=said[1]) == []


def test_the_messages_of_a_removed_room_are_not_found(searches, ann, room):
    ann.says("tea", in_=room)
    ann.deletes(room)
    assert searches(ann, "tea") == []


def test_moderators_and_superusers_find_no_more_than_members(chat, searches, ann, bob, room):
    chat.gives_role(Role.MODERATOR, bob, room)
    root = chat.services.registration.create_superuser("root", PASSWORD)
    ann.says("tea", in_=room)
    ann.says("tea", in_=ann.makes_room("Public"))
    assert searches(bob, "tea") == ["tea"]
    assert contents(chat.services.message_search.search(root.id, "tea", 9)) == []


def test_the_words_of_deleted_and_earlier_versions_are_not_found(searches, ann, bob, room):
    message = ann.says("green tea", in_=room).message
    ann.rewrites(message, "black tea")
    assert (searches(bob, "green"), searches(bob, "black")) == ([], ["black tea"])
    ann.takes_back(message)
    assert searches(bob, "black") == []


def test_the_messages_of_an_erased_account_are_still_found(chat, searches, ann, bob, room):
    bob.says("tea", in_=room)
    chat.services.erasure.erase(bob.caller, PASSWORD)
    assert searches(ann, "tea", user=bob) == ["tea"]


def test_a_search_in_one_room_obeys_the_rules_of_the_room(searches, ann, bob, carl, room):
    ann.says("tea", in_=room)
    public = ann.makes_room("Public")
    ann.says("public tea", in_=public)
    assert searches(ann, "tea", room=room) == ["tea"]
    assert searches(ann, "tea", room=public) == ["public tea"]
    with pytest.raises(RoomNotFound):
        searches(carl, "tea", room=room)
    with pytest.raises(NotAParticipant):
        searches(carl, "tea", room=public)
    with pytest.raises(NotAParticipant):
        searches(carl, "*", room=public)  # also without a word to search


def test_a_search_can_be_limited_to_an_author_and_to_earlier_messages(chat, searches, ann, bob, room):
    said = [person.says(f"tea {number}", in_=room).message for number, person in enumerate((ann, bob, ann, bob))]
    assert searches(ann, "tea", user=bob) == ["tea 3", "tea 1"]
    assert searches(ann, "tea", before=said[2]) == ["tea 1", "tea 0"]
    assert searches(ann, "tea", user=ann, before=said[2], room=room) == ["tea 0"]
    unknown = MessageFilter(author_id=NONE)
    assert contents(chat.services.message_search.search(ann.id, "tea", 9, unknown)) == []


def test_a_page_shows_whether_there_are_older_matches(chat, ann, room):
    for _ in range(3):
        ann.says("tea", in_=room)
    pages = [chat.services.message_search.search(ann.id, "tea", limit) for limit in (1, 2, 3, 4)]
    assert [(len(page.messages), page.has_older, page.has_newer) for page in pages] == [
        *((1, True, False), (2, True, False), (3, False, False), (3, False, False))
    ]


@pytest.mark.parametrize("query", ["*", '"', "  ", "…", "\n", "-" * 200])
def test_a_query_without_words_finds_nothing(searches, ann, room, query):
    ann.says('tea "* … -', in_=room)
    assert searches(ann, query) == []


@pytest.mark.parametrize(("query", "issue"), [("", "blank"), ("x" * 201, "too_long"), ("\0", "control_characters")])
def test_a_query_has_1_to_200_characters(chat, ann, query, issue):
    search = chat.services.message_search
    assert issues_of(lambda: search.search(ann.id, query, 9)) == {"q": [issue]}
    assert issues_of(lambda: search.check(ann.id, query, MessageFilter())) == {"q": [issue]}
