"""Comparison of usernames by PRECIS UsernameCaseMapped (RFC 8265, section 3.3), and the scripts that a name may mix.

`Ann`, `ann` and full-width `ａｎｎ` have the same key, and so do Greek names with either small sigma. The profile
refuses bidirectional and invisible marks. A Latin name with one Cyrillic letter can impersonate another user, so names
may mix scripts only as UTS #39 "highly restrictive" allows. This module does not know which names are reserved.
"""

import functools

import precis_i18n

_ANY = frozenset({"Zyyy", "Zinh"})
"""Common and Inherited: characters that belong to every script."""

# UTS #39, section 5.1: the writing systems that a script belongs to, by their ISO 15924 codes.
_SYSTEMS = {
    "Hani": {"Jpan", "Hanb", "Kore"},
    "Hira": {"Jpan"},
    "Kana": {"Jpan"},
    "Bopo": {"Hanb"},
    "Hang": {"Kore"},
}


@functools.cache
def _profile() -> precis_i18n.profile.Profile:
    # Load the tables at the first use: that takes long, and most commands don't need them.
    return precis_i18n.get_profile("UsernameCaseMapped")


def username_key(username: str) -> str:
    """Return the key of a username. Raises ValueError if the profile does not allow the name."""
    if username.isascii() and username.isprintable() and username and " " not in username:
        return username.lower()  # the profile allows all other characters of ASCII, and takes 50 µs
    key: str = _profile().enforce(username)  # raises UnicodeEncodeError, a ValueError
    # PRECIS keeps both small sigmas, though ΝΙΚΟΣ lower-cases to either. Unicode's case folding unifies them.
    return key.replace("ς", "σ")


def mixes_scripts(username: str) -> bool:
    """Return whether the name mixes scripts beyond Latin with Japanese, Chinese or Korean (UTS #39, section 5.2)."""
    if username.isascii():
        return False
    systems = [_systems(char) for char in username]
    bound = [of_char for of_char in systems if not of_char & _ANY]
    if not bound or frozenset.intersection(*bound):
        return False
    return not any(all(of_char & {"Latn", system} for of_char in bound) for system in ("Jpan", "Hanb", "Kore"))


def _systems(char: str) -> frozenset[str]:
    """Return the scripts that use the character (its script extensions), and their writing systems."""
    from fontTools.unicodedata import script_extension  # late: it takes 4 MB, and only names beyond ASCII need it

    scripts: frozenset[str] = frozenset(script_extension(char))
    return scripts.union(*(_SYSTEMS.get(script, ()) for script in scripts))
