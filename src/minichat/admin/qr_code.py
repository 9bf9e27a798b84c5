"""QR codes as pictures that a page holds itself, so that no other request carries their secret."""

PIXELS_PER_MODULE = 5


def data_url(text: str) -> str:
    """Return the QR code of the text as an SVG picture in a `data:` URL."""
    import segno  # late: it takes 4 MB of a worker, and few workers ever need it

    return segno.make(text, error="m", micro=False).svg_data_uri(scale=PIXELS_PER_MODULE, light="#fff")
