"""The rules for the fields of a message, which sending and editing it share. This module reads no store."""

from minichat.domain.ports import Characters
from minichat.domain.text import Fields

MAX_CONTENT_LENGTH = 4_000
MAX_CLIENT_ID_LENGTH = 64


def check_content(fields: Fields, content: str, characters: Characters) -> str:
    """Return the content in its normal form; record in `fields` why it is wrong."""
    return fields.content("content", content, characters, most=MAX_CONTENT_LENGTH)


def check_client_id(fields: Fields, client_id: str) -> str:
    """Return the id in its normal form; record in `fields` why it is wrong."""
    return fields.line("client_id", client_id, least=1, most=MAX_CLIENT_ID_LENGTH, strip=False)
