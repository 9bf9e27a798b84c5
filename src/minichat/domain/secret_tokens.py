"""Secret tokens that open something for their holders: tickets, invitations, links to accounts, and refresh token ids.

The stores hold only their hashes, so a copy of the database opens nothing. A fast hash is enough: the tokens are random
and too long to guess. This module knows no use of a token.
"""

import hashlib
import secrets


def new_token() -> str:
    """Return a random token of 192 bits, in characters that a URL can hold."""
    return secrets.token_urlsafe(24)


def hash_of(token: str) -> str:
    """Return the hash of a token, or of any other text that a client sends in its place."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
