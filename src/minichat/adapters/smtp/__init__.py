"""Mail by SMTP, with Python's own client: `letters` writes mails, `texts` holds their words, `mailer` sends them."""

from minichat.adapters.smtp.mailer import SmtpMailer, SmtpServer

__all__ = ["SmtpMailer", "SmtpServer"]
