"""How usernames are compared, by PRECIS UsernameCaseMapped (RFC 8265, section 3.3), and which scripts one may mix.

`Ann`, `ann` and full-width `ａｎｎ` are one key, and so are Greek names with either small sigma; bidirectional and
invisible marks are refused by the profile. A Latin name with a Cyrillic letter in it is for deceiving somebody: scripts
mix as UTS #39 "highly restrictive" allows.
"""

import functools

import precis_i18n

_ANY = frozenset({"Zyyy", "Zinh"})
"""Common and Inherited: characters that go with every script."""

# UTS #39, section 5.1: the writing systems that a script is a part of. ISO 15924 has a code for each.
_SYSTEMS = {
    "Hani": {"Jpan", "Hanb", "Kore"},
    "Hira": {"Jpan"},
    "Kana": {"Jpan"},
    "Bopo": {"Hanb"},
    "Hang": {"Kore"},
}


@functools.cache
def _profile() -> precis_i18n.profile.Profile:
    # Made at the first use: its tables take a while to load and most commands need none.
    return precis_i18n.get_profile("UsernameCaseMapped")


def username_key(username: str) -> str:
    """Return the key of a username. Raises ValueError for one that the profile does not allow."""
    key: str = _profile().enforce(username)  # raises UnicodeEncodeError, a ValueError
    # PRECIS lets both small sigmas be, though ΝΙΚΟΣ is either: Unicode's case folding makes them one.
    return key.replace("ς", "σ")


def mixes_scripts(username: str) -> bool:
    """Tell whether the name mixes scripts other than Latin with Japanese, Chinese or Korean (UTS #39, section 5.2)."""
    if username.isascii():
        return False
    systems = [_systems(char) for char in username]
    bound = [of_char for of_char in systems if not of_char & _ANY]
    if not bound or frozenset.intersection(*bound):
        return False
    return not any(all(of_char & {"Latn", system} for of_char in bound) for system in ("Jpan", "Hanb", "Kore"))


def _systems(char: str) -> frozenset[str]:
    """The scripts that the character is used in (its script extensions), and the writing systems of these."""
    from fontTools.unicodedata import script_extension  # late: 4 MB, for those who have names beyond ASCII

    scripts: frozenset[str] = frozenset(script_extension(char))
    return scripts.union(*(_SYSTEMS.get(script, ()) for script in scripts))
