"""The headers that protect whoever gets an answer, the same on every one, whatever part of the server writes it.

This stands apart from `context` because `serving` needs it where Flask is not imported.
"""

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)
_BEHIND_TLS = (("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),)

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy of whatever is no page."""
PAGE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""What a page needs besides: no other window holds on to it, and it asks for nothing of the device."""


def security_headers(public_url: str | None) -> tuple[tuple[str, str], ...]:
    """What stands on every answer of a server that people reach at `public_url`."""
    return (*_ALWAYS, *_BEHIND_TLS) if (public_url or "").startswith("https://") else _ALWAYS
