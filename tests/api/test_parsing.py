"""The parser on every hostile input, called directly: no application, no database (I1–I7).

test_bad_input.py sends examples of each class to the routes.
"""

from typing import Any
from urllib.parse import unquote

import marshmallow as ma
import pytest

from api.hostile import (
    FORGED_CURSORS,
    MALFORMED_JSON,
    MAX_ID,
    NOT_IDS,
    NOT_IDS_IN_A_PATH,
    NOT_OBJECTS,
    UNKNOWN_FIELDS,
    WRONG_TYPES,
    all_of,
    shown,
)
from minichat.api.arguments import checked
from minichat.api.errors import MalformedJson
from minichat.api.paging import window
from minichat.api.parsing import id_of, parse_json
from minichat.api.schemas import queries, requests
from minichat.api.schemas.fields import Boolean, File, Id, Ids, WholeNumber
from minichat.api.schemas.forms import In, Query
from minichat.domain.errors import InvalidInput
from minichat.domain.paging import Window

KEYS: list[tuple[type, ...]] = [(str,), (int,), (int, int)]
"""The types of the keys by which the lists page."""
SCHEMAS = [
    schema
    for schema in {**vars(requests), **vars(queries)}.values()
    if isinstance(schema, type) and issubclass(schema, In)
]
BODIES = [schema() for schema in SCHEMAS if schema.__name__.endswith(("In", "Frame")) and schema is not In]
QUERIES = [schema() for schema in SCHEMAS if issubclass(schema, Query) and schema is not Query]
FORMS: dict[type, dict[str, object]] = {
    type(schema): {
        name: field.metadata.get("example", 1 if isinstance(field, WholeNumber) else "x")
        for name, field in schema.load_fields.items()
        if field.required
    }
    for schema in BODIES
    if not any(isinstance(field, File) for field in schema.load_fields.values())
}
"""A form of each schema for JSON, with its required fields only."""
FORMS[requests.MessagePatchIn] = {"content": "x"}  # one of two fields is required
NULL_IS_A_VALUE = {(requests.NotifyIn, "muted_until"), (requests.NewInvitationIn, "uses")}
JSON_BODIES = [schema for schema in BODIES if type(schema) in FORMS]
FIELDS = [
    (schema, name, field)
    for schema in BODIES
    for name, field in schema.load_fields.items()
    if not isinstance(field, File)
]
EACH_FIELD = [pytest.param(schema, name, id=f"{type(schema).__name__} {name}") for schema, name, _ in FIELDS]
ID_FIELDS = [
    pytest.param(schema, name, id=f"{type(schema).__name__} {name}")
    for schema, name, field in FIELDS
    if isinstance(field, Id)
]


def wrong_fields(schema: ma.Schema, body: object) -> set[str]:
    """Return the fields that the schema refuses, or nothing if it accepts the body."""
    try:
        checked(schema, body)
    except InvalidInput as error:
        return set(error.issues)
    return set()


def right_values(field: ma.fields.Field[Any]) -> list[object]:
    """Return the values from the classes of wrong values that are right for this field."""
    values: list[object] = [] if field.required else [None]
    if isinstance(field, Boolean):
        values += [True, False]
    if isinstance(field, Ids):
        values.append([])
    return values


def is_among(value: object, values: list[object]) -> bool:
    """Return whether the values contain the value with the same type: 1 is not True."""
    return any(type(value) is type(other) and value == other for other in values)


@pytest.mark.parametrize("body", all_of(MALFORMED_JSON), ids=shown)
def test_malformed_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse_json(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' {"a": [1, -2, 0.5, true, null]}\n', {"a": [1, -2, 0.5, True, None]}),
        ('{"a": "Кухня"}'.encode(), {"a": "Кухня"}),
        (b'{"a": "\\ud83c\\udf72"}', {"a": "🍲"}),
        (b'{"a": 9223372036854775808}', {"a": 2**63}),
        (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf {"a": "\xef\xbb\xbf"}', {"a": "\ufeff"}),
        (b'{"a": [392.0, 3.92e2, 392.5, -0]}', {"a": [392.0, 392.0, 392.5, 0]}),
    ],
    ids=shown,
)
def test_json_is_read_as_it_is_written(body: bytes, value: object) -> None:
    assert parse_json(body) == value


@pytest.mark.parametrize("schema", BODIES, ids=lambda schema: type(schema).__name__)
@pytest.mark.parametrize("value", NOT_OBJECTS, ids=shown)
def test_a_body_that_is_no_object_is_refused(schema: ma.Schema, value: object) -> None:
    with pytest.raises(InvalidInput):
        checked(schema, value)


@pytest.mark.parametrize("schema", BODIES, ids=lambda schema: type(schema).__name__)
@pytest.mark.parametrize("name", UNKNOWN_FIELDS, ids=shown)
def test_an_unknown_field_is_refused_by_name(schema: ma.Schema, name: str) -> None:
    assert name in wrong_fields(schema, {name: 1})


@pytest.mark.parametrize(("schema", "name"), EACH_FIELD)
def test_a_value_of_another_type_is_refused_by_name(schema: ma.Schema, name: str) -> None:
    right = right_values(schema.load_fields[name])
    form = {"mention_ids": [1]} if isinstance(schema, requests.MessagePatchIn) else {}
    for value in WRONG_TYPES:
        assert (name in wrong_fields(schema, {**form, name: value})) is not is_among(value, right), value


@pytest.mark.parametrize(("schema", "name"), ID_FIELDS)
@pytest.mark.parametrize("value", NOT_IDS, ids=shown)
def test_a_value_that_is_no_id_is_refused_by_name(schema: ma.Schema, name: str, value: object) -> None:
    assert name in wrong_fields(schema, {name: value})


@pytest.mark.parametrize(("schema", "name"), ID_FIELDS)
@pytest.mark.parametrize("text", ["392", "392.0", "392.00", "3.92e2", "3.92E+2", "39200e-2"])
def test_an_id_is_a_whole_number_in_any_notation(schema: ma.Schema, name: str, text: str) -> None:
    body = {**FORMS[type(schema)], name: parse_json(text.encode())}
    loaded = checked(schema, body)[name]
    assert (loaded, type(loaded)) == (392, int)


@pytest.mark.parametrize("text", ["0", "-0", "0.0", "-0.0", "0e5"])
def test_a_seq_of_zero_has_no_sign(text: str) -> None:
    assert repr(checked(requests.ReadIn(), {"seq": parse_json(text.encode())})["seq"]) == "0"


@pytest.mark.parametrize("schema", JSON_BODIES, ids=lambda schema: type(schema).__name__)
def test_null_in_an_optional_field_means_the_same_as_leaving_it_out(schema: ma.Schema) -> None:
    form = FORMS[type(schema)]
    left_out = checked(schema, form)
    for name, field in schema.load_fields.items():
        if not field.required and name not in form and (type(schema), name) not in NULL_IS_A_VALUE:
            assert checked(schema, {**form, name: None}) == left_out, name


def test_null_is_kept_where_it_is_a_value() -> None:
    class Muting(In):
        until = Id(allow_none=True)

    assert checked(Muting(), {"until": None}) == {"until": None}
    assert checked(Muting(), {}) == {}


@pytest.mark.parametrize("schema", QUERIES, ids=lambda schema: type(schema).__name__)
def test_an_empty_parameter_means_the_same_as_leaving_it_out(schema: ma.Schema) -> None:
    for attribute, field in schema.load_fields.items():
        name = field.data_key or attribute
        needed = {other: "x" for other, one in schema.load_fields.items() if one.required and other != name}
        if field.required:
            assert wrong_fields(schema, {**needed, name: ""}) == {name}
        else:
            assert checked(schema, {**needed, name: ""}) == checked(schema, needed), name


@pytest.mark.parametrize("schema", [*BODIES, *QUERIES], ids=lambda schema: type(schema).__name__)
def test_an_unknown_field_that_is_null_or_empty_is_refused_by_name(schema: ma.Schema) -> None:
    assert wrong_fields(schema, {"colour": None, "size": ""}) >= {"colour", "size"}


@pytest.mark.parametrize("schema", JSON_BODIES, ids=lambda schema: type(schema).__name__)
@pytest.mark.parametrize("value", [None, [], "x", 1.5])
def test_a_field_that_the_server_owns_is_ignored_with_any_value(schema: In, value: object) -> None:
    form = FORMS[type(schema)]
    shown_fields = set() if schema.resource is None else set(schema.resource().fields) - set(schema.fields)
    assert checked(schema, {**form, **dict.fromkeys(shown_fields, value)}) == checked(schema, form)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("b7d1", "b7d1"),
        ('"b7d1"', "b7d1"),
        ('"b7 d1"', "b7 d1"),
        (r'"a\"b\\c"', r'a"b\c'),
        ('"b7d1";v=2', "b7d1"),
        ('"b7d1" ; v="x;y"', "b7d1"),
        ("b7;d1", "b7;d1"),
        ('b"7"', 'b"7"'),
        ("'b7d1'", "'b7d1'"),
        ("“b7d1”", "“b7d1”"),
    ],
)
def test_the_quotes_around_an_idempotency_key_are_not_part_of_it(header: str, key: str) -> None:
    assert checked(requests.MessageHeaders(), {"Idempotency-Key": header}) == {"idempotency_key": key}


@pytest.mark.parametrize("header", ['"', '"b7d1', r'"b7d1\"', r'"b7\d1"', '"b7"d1', '"b7" d1', '"b7"d1"', '"""'])
def test_an_idempotency_key_with_unbalanced_quotes_is_refused_by_name(header: str) -> None:
    assert wrong_fields(requests.MessageHeaders(), {"Idempotency-Key": header}) == {"Idempotency-Key"}


@pytest.mark.parametrize("value", [*NOT_IDS, None, [2]], ids=shown)
def test_a_list_of_ids_with_a_wrong_one_is_refused_by_name(value: object) -> None:
    assert "participants" in wrong_fields(requests.NewRoomIn(), {"participants": [2, value]})


@pytest.mark.parametrize("text", NOT_IDS_IN_A_PATH, ids=shown)
def test_a_text_that_is_no_id_names_nothing(text: str) -> None:
    assert id_of(unquote(text)) == 0


@pytest.mark.parametrize("number", [1, 10, MAX_ID])
def test_an_id_is_read_from_its_digits(number: int) -> None:
    assert id_of(str(number)) == number


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("text", all_of(FORGED_CURSORS), ids=shown)
def test_a_forged_cursor_is_refused(text: str, key: tuple[type, ...]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        window(50, text, *key)
    assert set(refusal.value.issues) == {"cursor"}


def test_a_cursor_is_read_as_it_is_written() -> None:
    assert window(50, "WyJhZnRlciIsMV0", int) == Window(50, after=(1,))
    assert window(50, "WyJiZWZvcmUiLCJhbm4iXQ", str) == Window(50, before=("ann",))
    assert window(50, None, str) == Window(50)
