"""The ports `OneTimeCodes` and `SecretCipher`, by their published rules."""

from urllib.parse import parse_qs, urlsplit

import pytest

from minichat.adapters.ciphers import FernetCipher
from minichat.adapters.memory import PlainCipher, PlainCodes
from minichat.adapters.one_time_codes import PyotpCodes

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""`12345678901234567890` in base32, the secret of the examples in RFC 6238."""
OLD, NEW = b"o" * 32, b"n" * 32


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(seconds, code):
    assert PyotpCodes().code(RFC_SECRET, seconds // 30) == code


@pytest.mark.parametrize("codes", [PyotpCodes(), PlainCodes()])
def test_secrets_differ_and_have_codes_of_six_digits(codes):
    secrets = {codes.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert all(code.isdigit() and len(code) == 6 for code in (codes.code(secret, 7) for secret in secrets))


def test_a_secret_has_160_bits():
    assert len(PyotpCodes().new_secret()) * 5 == 160


def test_the_uri_names_the_account_and_the_service():
    uri = urlsplit(PyotpCodes().uri(RFC_SECRET, "ann & «bob»", "chat.example.org"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert parse_qs(uri.query) == {"secret": [RFC_SECRET], "issuer": ["chat.example.org"]}


CIPHERS = [
    (FernetCipher([OLD]), FernetCipher([NEW, OLD]), FernetCipher([NEW])),
    (PlainCipher("old"), PlainCipher("new", "old"), PlainCipher("new")),
]


@pytest.mark.parametrize(("before", "between", "after"), CIPHERS)
def test_a_changed_key_still_decrypts_secrets_of_the_previous_key(before, between, after):
    secret = before.encrypt("SECRET")
    assert before.is_current(secret)
    assert between.decrypt(secret) == "SECRET"
    assert not between.is_current(secret)
    renewed = between.encrypt("SECRET")
    assert between.is_current(renewed)
    assert after.decrypt(renewed) == "SECRET"
    assert after.decrypt(secret) is None


def test_a_damaged_secret_is_not_decrypted():
    cipher = FernetCipher([NEW])
    secret = cipher.encrypt("SECRET")
    assert "SECRET" not in secret
    assert cipher.encrypt("SECRET") != secret
    for damaged in ("", "x", secret[:-4], secret[:20] + "AAAA" + secret[24:], "ы"):
        assert cipher.decrypt(damaged) is None
