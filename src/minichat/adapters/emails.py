"""E-mail addresses by email-validator: their syntax alone, for nobody's name server is asked about our users."""

from email_validator import EmailNotValidError, validate_email


def email_address(address: str) -> str:
    """Return the address in its normal form: NFC, the domain in lower case and Unicode.

    Internationalised addresses are taken (RFC 6531, IDNA). Raises ValueError for what no mail from elsewhere reaches
    (`localhost`, `.local`, `.test`), and for quoted names, IP addresses and display names, of which most are mistakes.
    """
    try:
        return validate_email(address, check_deliverability=False, strict=True).normalized
    except EmailNotValidError as error:  # a ValueError, whose text would repeat the address
        raise ValueError("not an e-mail address") from error
