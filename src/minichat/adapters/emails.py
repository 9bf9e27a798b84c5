"""E-mail addresses by email-validator. It checks the syntax only, so that no name server learns of our users."""


def email_address(address: str) -> str:
    """Return the address in its normal form: NFC, the domain in lower case and Unicode.

    Internationalised addresses are valid (RFC 6531, IDNA). Raises ValueError for domains that receive no mail
    (`localhost`, `.local`, `.test`), and for quoted names, IP addresses and display names, which are usually mistakes.
    """
    # Here, because few requests need it, and it takes a fiftieth of the start.
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(address, check_deliverability=False, strict=True).normalized
    except EmailNotValidError as error:  # a ValueError, whose text would repeat the address
        raise ValueError("not an e-mail address") from error
