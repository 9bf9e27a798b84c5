"""How usernames are compared and what they may mix."""

from collections.abc import Callable

UsernameKey = Callable[[str], str]
"""The key by which a username is compared. Raises ValueError for a name that can't be one (RFC 8265)."""


MixesScripts = Callable[[str], bool]
"""Whether a username mixes scripts that are not written together, as one letter is taken for another (UTS #39)."""
