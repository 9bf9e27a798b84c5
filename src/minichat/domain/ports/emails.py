"""E-mail addresses."""

from collections.abc import Callable

EmailAddress = Callable[[str], str]
"""The normal form of an e-mail address. Raises ValueError for what is none (RFC 5321, RFC 6531)."""
