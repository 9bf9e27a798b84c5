"""Additional checks for schemathesis, and a rarer collection of its garbage, which takes a tenth of its CPU time."""

import gc
import re

import schemathesis

from minichat.api.texts import _SENTENCES

UNTOLD = {
    "blank": "The invisible characters are a table that grows with Unicode.",
    "username_characters": "The letters of all scripts have no expression that every engine reads.",
    "mixed_scripts": "The scripts of letters are tables of Unicode.",
    "hidden_marks": "So are the marks that hide in a letter.",
    "username_reserved": "Names are compared by PRECIS, in which several spellings are one name.",
    "username_of_a_group": "The same.",
    "too_many_marks": "The combining marks are a table of Unicode.",
    "too_short": "Lengths count after white space is removed and the text is in NFC.",
    "too_long": "The same.",
    "not_an_email": "The syntax of addresses has no short expression.",
    "not_an_https_url": "The URL of one's own picture may begin with http://, and only the server knows it.",
    "not_an_emoji": "The emoji are a table of Unicode.",
    "password_is_username": "No schema compares two fields.",
    "not_equal": "The same.",
    "client_ids_differ": "No schema compares a field with a header.",
    "password_too_common": "The list has ten thousand passwords.",
    "wrong_password": "Only the server knows the password.",
    "link_invalid": "Only the server knows its links.",
    "invalid_cursor": "Only the server makes cursors.",
    "unknown_user": "Only the server knows its users and whom they know.",
    "unknown_participant": "Only the server knows its participants.",
    "unknown_message": "Only the server knows its messages.",
    "yourself": "Only the server knows the sender.",
    "own_message": "The same.",
    "not_a_picture": "No schema describes the bytes of a picture.",
    "too_many_pixels": "The same.",
    "exclusive": "The parameters of a query are described one by one.",
    "password_needed": "Only the server knows whether it sends mail, and the present address.",
    "one_of_both": "Null means the same as leaving a field out. Generators lose the fields beside a choice of shapes.",
}
"""The reason why no schema says a rule, by the code of its sentence. A valid request may break these rules alone."""


def pattern(codes):
    """Matches the messages of the codes, with any numbers in them."""
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", r"\\d+", re.escape(_SENTENCES[code][0])) for code in codes))


RULES = pattern(UNTOLD)

gc.set_threshold(50_000, 20, 50)


@schemathesis.check
def a_request_that_fits_its_schema_is_refused_only_by_rules_that_no_schema_can_tell(ctx, response, case):
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    errors = response.json().get("errors")
    assert errors, "a refusal that names no field"
    if isinstance(case.body, dict) and "errors" in case.body:
        return  # a part of an earlier answer; no request has such a field
    if (case.method, case.path) == ("PATCH", "/api/chat/messages/{message_id}/"):
        errors.pop("content", None)  # no schema says that one of two fields must be there
    for field, sentences in errors.items():
        for sentence in sentences:
            assert RULES.fullmatch(sentence), f"{field}: {sentence}"
