"""Additional checks for schemathesis."""

import re

import schemathesis

from minichat.api.texts import _SENTENCES

# The issues that a request's schema can express. It can't express that two passwords must be equal, that a user must
# exist, or that a name is not blank after the white space at its ends is removed.
TOLD = {
    *("required", "null", "unknown_field", "repeated", "not_an_object", "not_text", "not_a_boolean", "not_a_list"),
    *("not_a_choice", "out_of_range", "too_long", "too_many_items", "not_an_integer", "not_an_id"),
}


def pattern(codes):
    """Matches the messages of the codes, with any numbers in them."""
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", r"\\d+", re.escape(_SENTENCES[code][0])) for code in codes))


BY_SCHEMA = pattern(TOLD)


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
            assert not BY_SCHEMA.fullmatch(sentence), f"{field}: {sentence}"
