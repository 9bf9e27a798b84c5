"""The words of the mails, in English and Russian. A mail quotes nothing that users write, except the username."""

from typing import NamedTuple

from minichat.domain.model import MailKind


class Words(NamedTuple):
    subject: str
    text: str
    """With `{username}` and, if the mail has a link, `{link}`."""


ENGLISH = {
    MailKind.RESET: Words(
        "Set a new password",
        "Hello {username},\n\n"
        "open this link to set a new password:\n\n"
        "{link}\n\n"
        "The link works once, for one hour. If you did not request it, you can ignore this mail: your password stays"
        " the same.\n",
    ),
    MailKind.VERIFY: Words(
        "Verify your e-mail address",
        "Hello {username},\n\n"
        "open this link to verify your e-mail address:\n\n"
        "{link}\n\n"
        "The link works once, for three days. With a verified address you can set a new password if you forget yours."
        " If you do not know this account, you can ignore this mail.\n",
    ),
    MailKind.ADDRESS_CHANGED: Words(
        "Your e-mail address was changed",
        "Hello {username},\n\n"
        "your account has a new e-mail address. This address no longer belongs to it, and gets no more links for new"
        " passwords.\n\n"
        "If you did not change it, somebody else is using your account. Change your password at once, or ask an"
        " administrator for help.\n",
    ),
    MailKind.LINK_MADE: Words(
        "An administrator made a link for a new password",
        "Hello {username},\n\n"
        "an administrator made a link that sets a new password for your account. It works once, for one hour.\n\n"
        "If you did not ask for it, contact the administrators.\n",
    ),
}
RUSSIAN = {
    MailKind.RESET: Words(
        "Новый пароль",
        "Здравствуйте, {username}!\n\n"
        "Чтобы задать новый пароль, откройте ссылку:\n\n"
        "{link}\n\n"
        "Ссылка сработает один раз в течение часа. Если вы её не запрашивали, не обращайте внимания на это письмо:"
        " пароль останется прежним.\n",
    ),
    MailKind.VERIFY: Words(
        "Подтвердите адрес электронной почты",
        "Здравствуйте, {username}!\n\n"
        "Чтобы подтвердить адрес, откройте ссылку:\n\n"
        "{link}\n\n"
        "Ссылка сработает один раз в течение трёх дней. С подтверждённым адресом вы сможете вернуться в аккаунт, если"
        " забудете пароль. Если этот аккаунт вам незнаком, не обращайте внимания на это письмо.\n",
    ),
    MailKind.ADDRESS_CHANGED: Words(
        "Адрес электронной почты изменён",
        "Здравствуйте, {username}!\n\n"
        "У вашего аккаунта новый адрес электронной почты. Этот адрес больше к нему не относится, и ссылки для смены"
        " пароля сюда приходить не будут.\n\n"
        "Если это сделали не вы, аккаунтом пользуется кто-то другой. Сразу смените пароль или обратитесь к"
        " администратору.\n",
    ),
    MailKind.LINK_MADE: Words(
        "Администратор создал ссылку для нового пароля",
        "Здравствуйте, {username}!\n\n"
        "Администратор создал ссылку, по которой можно задать новый пароль вашего аккаунта. Она сработает один раз в"
        " течение часа.\n\n"
        "Если вы об этом не просили, напишите администраторам.\n",
    ),
}
LANGUAGES = {"en": ENGLISH, "ru": RUSSIAN}
