"""`/api/chat/search/`: the search for messages."""

from typing import Any

import pytest

from api.client import Chat, Json, Person, contents
from minichat.adapters.characters import UnicodeCharacters
from minichat.adapters.peewee.operations.message_filling import fill
from minichat.adapters.peewee.stores.message_index import begin_again

SEARCH = "/api/chat/search/"


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return chat.person("bob")


@pytest.fixture
def room(ann: Person, bob: Person) -> Json:
    return ann.makes_room("Kitchen", with_=[bob], private=True)


def found(person: Person, **query: Any) -> list[str]:
    answer = person.gets(SEARCH, **query)
    assert answer.status == 200, answer.body
    return contents(answer)


class TestSearch:
    def test_the_answer_is_a_list_of_messages_the_newest_first(self, ann: Person, bob: Person, room: Json) -> None:
        said = [person.says(content, in_=room) for person, content in ((ann, "Café today"), (bob, "to the CAFE"))]
        ann.says("no", in_=room)
        answer = ann.gets(SEARCH, q="cafe TO")
        assert answer.body == [ann.gets(f"/api/chat/messages/{message['id']}/").body for message in reversed(said)]
        assert "Link" not in answer.headers

    def test_next_leads_through_all_results(self, ann: Person, room: Json) -> None:
        for number in range(5):
            ann.says(f"tea {number}", in_=room)
        answer, pages = ann.gets(SEARCH, q="tea", limit=2, room=room["id"]), []
        while True:
            pages.append(contents(answer))
            assert answer.link("prev") is None
            if (url := answer.link("next")) is None:
                break
            answer = ann.follows(url)
        assert pages == [["tea 4", "tea 3"], ["tea 2", "tea 1"], ["tea 0"]]

    def test_next_leads_on_from_a_page_that_is_not_full(self, ann: Person, room: Json) -> None:
        ann.says("日本語", in_=room)
        for _ in range(28):
            ann.says("日本 本語 " + "é" * 3_900, in_=room)
        answer = ann.gets(SEARCH, q="日本語", room=room["id"])
        assert contents(answer) == []
        url = answer.link("next")
        assert url is not None
        assert contents(ann.follows(url)) == ["日本語"]

    def test_room_author_and_position_limit_the_search(self, ann: Person, bob: Person, room: Json) -> None:
        other = ann.makes_room("Garden", with_=[bob])
        said = [
            person.says(f"tea {number}", in_=where)
            for number, (person, where) in enumerate(((ann, room), (bob, other), (bob, room), (ann, other)))
        ]
        assert found(ann, q="tea", room=other["id"]) == ["tea 3", "tea 1"]
        assert found(ann, q="tea", user=bob.id) == ["tea 2", "tea 1"]
        assert found(ann, q="tea", before=said[2]["id"]) == ["tea 1", "tea 0"]
        assert found(ann, q="tea", before=2**53 - 1, user=ann.id, room=room["id"]) == ["tea 0"]
        assert found(ann, q="tea", user=2**53 - 1) == []

    @pytest.mark.parametrize(
        "query", ["*", '"', "NEAR(", "AND OR NOT", "a" * 200, "%_", "'; --", "tea*", "t:ea", "^tea", "-tea"]
    )
    def test_the_signs_of_query_languages_only_separate_words(self, ann: Person, room: Json, query: str) -> None:
        ann.says("tea", in_=room)
        assert found(ann, q=query) == (["tea"] if query in {"tea*", "^tea", "-tea"} else [])
        ann.says(f"{query} t ea", in_=room)
        assert found(ann, q=query)[:1] == ([] if query in {"*", '"', "%_", "'; --"} else [f"{query} t ea"])

    @pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "x" * 201}, {"q": "a\0b"}])
    def test_a_query_has_1_to_200_characters(self, ann: Person, query: Json) -> None:
        answer = ann.gets(SEARCH, **query)
        assert (answer.status, answer.code, list(answer.errors)) == (400, "validation_failed", ["q"])

    def test_all_wrong_parameters_are_named(self, ann: Person) -> None:
        answer = ann.gets(SEARCH, q="x" * 201, room="x", user="0", before="-1", limit="0", colour="red")
        assert set(answer.body["errors"]) == {"q", "room", "user", "before", "limit", "colour"}

    def test_a_room_follows_the_rules_of_rooms(self, chat: Chat, ann: Person, room: Json) -> None:
        public = ann.makes_room("Garden")
        carl = chat.person("carl")
        for message in ("tea", "*"):
            answers = [carl.gets(SEARCH, q=message, room=which) for which in (room["id"], 2**53 - 1, public["id"])]
            assert [(answer.status, answer.body["code"]) for answer in answers] == [
                *((404, "room_not_found"), (404, "room_not_found"), (403, "not_a_participant"))
            ]

    def test_a_search_marks_nothing_as_read(self, ann: Person, bob: Person, room: Json) -> None:
        ann.says("tea", in_=room)
        assert [message["is_read"] for message in bob.gets(SEARCH, q="tea").body] == [False]
        assert bob.looks_at(room)["unread_count"] == 1

    def test_the_answer_is_503_while_the_index_is_built(
        self, ann: Person, room: Json, chat: Chat, caplog: pytest.LogCaptureFixture
    ) -> None:
        ann.says("tea", in_=room)
        with chat.database.writing():
            begin_again(chat.database, is_empty=False)
        answer = ann.gets(SEARCH, q="tea")
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "index_building", "30")
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
        fill(chat.database, UnicodeCharacters())
        assert found(ann, q="tea") == ["tea"]
