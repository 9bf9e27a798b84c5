"""QR codes as pictures that a page holds itself, so that no other request carries their secret."""

import segno

PIXELS_PER_MODULE = 5


def data_url(text: str) -> str:
    """Return the QR code of the text as an SVG picture in a `data:` URL."""
    return segno.make(text, error="m", micro=False).svg_data_uri(scale=PIXELS_PER_MODULE, light="#fff")
