"""The rules that find names in the content of a message. They know no participants."""

import pytest

from minichat.adapters.memory import username_key
from minichat.domain.mention_rules import MAX_SIGNS, mentioned, named_keys

IDS = {"ann": 1, "bob": 2, "ann.lee": 3, "___": 4, "анна": 5, "j-": 6, "नमस्ते": 7, "josé": 8}


def found(content, *, is_calling_all=True):
    """The ids of the people whom the content names, and "all" if it names everybody."""
    ids, is_everybody = mentioned(named_keys(content, username_key), IDS, is_calling_all=is_calling_all)
    return [*ids, *(["all"] if is_everybody else [])]


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("@ann", [1]),
        ("hello @ann!", [1]),
        ("@ANN and @Bob", [1, 2]),
        ("@bob, @ann; @bob", [2, 1]),
        ("(@ann)", [1]),
        ("«@ann»", [1]),
        ("\n@ann\t@bob", [1, 2]),
        ("👍@ann", [1]),
        ("@ａｎｎ", [1]),
        ("@Анна", [5]),
        ("@नमस्ते", [7]),
        ("@José", [8]),
        ("@ann's", [1]),
        ("@ann@bob", [1]),
        ("@all", ["all"]),
        ("@ALL: @bob", [2, "all"]),
    ],
)
def test_an_at_sign_before_a_name_mentions_its_user(content, ids):
    assert found(content) == ids


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("@ann.", [1]),
        ("@ann...", [1]),
        ("@ann_-._", [1]),
        ("@ann.lee.", [3]),
        ("@ann.le", []),
        ("@j-", [6]),
        ("@j--", [6]),
        ("@j", []),
        ("@___", [4]),
        ("@____", [4]),
        ("@__", []),
        ("@" + "." * 3_000, []),
        ("@ann" + "." * 3_000, [1]),
        ("@all...", ["all"]),
    ],
)
def test_final_punctuation_is_stripped_until_the_rest_is_a_name(content, ids):
    assert found(content) == ids


@pytest.mark.parametrize("content", ["@anna", "@annann", "@ann1", "@bob.ann", "@ann_x", "@xann", "@annа", "@alle"])
def test_a_part_of_a_longer_name_is_no_mention(content):
    assert found(content) == []


@pytest.mark.parametrize(
    "content",
    [
        "ann@bob",
        "me@ann.lee",
        "пиши@bob",
        "7@ann",
        "e\u0301@ann",
        "e@@ann",
        *(f"x {sign}@ann" for sign in "._-/@:=&?"),
        "https://example.com/@ann",
        "https://example.com/?q=@ann",
        "https://x:@ann/",
        "@ ann",
        "@",
        "@@",
        "@\u200dann",
        "＠ann",
    ],
)
def test_an_at_sign_in_an_address_is_no_mention(content):
    assert found(content) == []


def test_all_from_a_member_is_text():
    assert found("@all @bob", is_calling_all=False) == [2]


def test_only_the_first_hundred_at_signs_are_looked_at():
    assert found("a@b " * (MAX_SIGNS - 1) + "@ann @bob") == [1]
    assert found("@ " * MAX_SIGNS + "@bob") == []


def test_the_keys_of_a_message_stay_few():
    content = " ".join(f"@{number}{'.' * 36}" for number in range(100))[:4_000]
    keys = named_keys(content, username_key)
    assert sum(map(len, keys)) <= MAX_SIGNS * 33
