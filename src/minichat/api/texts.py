"""Every sentence that a person reads in an answer, in English and Russian, by its code.

Codes are for programs and stable; sentences are for people and may be reworded.
"""

import re

from flask import request

from minichat.api.request_state import request_state

LANGUAGES = ("en", "ru")

# Of what a client says of its languages so much is looked at: browsers send fewer than ten in a hundred characters.
_HEADER_MOST = 1_000
_TAGS_MOST = 20
_TAG = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]*)?|1(?:\.0*)?))?")

_SENTENCES: dict[str, tuple[str, str]] = {
    # Success
    "registered": ("Welcome! Your account has been created.", "Добро пожаловать! Аккаунт создан."),
    "logged_in": ("You are logged in.", "Вы вошли."),
    "logged_out": ("You are logged out.", "Вы вышли."),
    "password_changed": (
        "The password is changed. All your other sessions have ended.",
        "Пароль изменён. Все остальные сеансы завершены.",
    ),
    "direct_chat_created": ("The chat has been created.", "Чат создан."),
    "direct_chat_exists": ("You already have this chat.", "Этот чат уже есть."),
    "joined": ("You are in the room.", "Вы в комнате."),
    "left": ("You have left the room.", "Вы вышли из комнаты."),
    # Refusals
    "validation_failed": ("Some fields are not right.", "Некоторые поля заполнены неверно."),
    "malformed_json": ("The body is not well-formed JSON.", "Тело запроса — не корректный JSON."),
    "malformed_form": (
        "The body is not well-formed multipart/form-data.",
        "Тело запроса — не корректный multipart/form-data.",
    ),
    "bad_request": ("The request is malformed.", "Запрос составлен неверно."),
    "not_authenticated": (
        "Log in and send the access token as `Authorization: Bearer …`.",
        "Войдите и передайте access-токен в заголовке `Authorization: Bearer …`.",
    ),
    "invalid_credentials": ("The username or the password is wrong.", "Неверное имя пользователя или пароль."),
    "token_invalid": ("The token is not valid.", "Токен недействителен."),
    "token_expired": ("The token has expired.", "Срок действия токена истёк."),
    "token_reused": (
        "This refresh token was used before, so its session has ended. Log in again.",
        "Этот refresh-токен уже использован, сеанс завершён. Войдите снова.",
    ),
    "origin_not_allowed": (
        "Pages of this origin may not open a socket here.",
        "Страницам этого источника нельзя открывать здесь сокет.",
    ),
    "upgrade_required": (
        "This address speaks WebSocket.",
        "Этот адрес работает по протоколу WebSocket.",
    ),
    "ticket_invalid": (
        "The ticket was used before or has expired. Get a new one.",
        "Билет уже использован или истёк. Получите новый.",
    ),
    "too_many_streams": (
        "You have as many streams open as one may have. Close one of them.",
        "У вас открыто предельное число потоков. Закройте один из них.",
    ),
    "resync_required": (
        "The log does not hold what you ask for. Fetch anew what you show, and go on from a new cursor.",
        "Журнал не содержит запрошенного. Загрузите данные заново и продолжайте с нового курсора.",
    ),
    "gone": ("It is not there any more.", "Этого больше нет."),
    "session_ended": ("The session has ended. Log in again.", "Сеанс завершён. Войдите снова."),
    "not_allowed": ("You may not do this.", "У вас нет на это права."),
    "not_a_participant": ("You are not in this room. Join it first.", "Вы не участник этой комнаты. Сначала войдите."),
    "not_your_message": (
        "Only who wrote a message can change what it says.",
        "Изменить сообщение может только его автор.",
    ),
    "banned": ("You have been banned from this room.", "Вам закрыт доступ в эту комнату."),
    "role_too_low": ("Your role in this room does not allow this.", "Ваша роль в комнате этого не позволяет."),
    "not_found": ("There is nothing here.", "Здесь ничего нет."),
    "user_not_found": ("There is no such user.", "Такого пользователя нет."),
    "session_not_found": ("There is no such session.", "Такого сеанса нет."),
    "message_not_found": ("There is no such message.", "Такого сообщения нет."),
    "participant_not_found": ("There is no such participant in this room.", "Такого участника в комнате нет."),
    "room_not_found": ("There is no such room.", "Такой комнаты нет."),
    "method_not_allowed": ("This address does not take this method.", "Этот адрес не принимает такой метод."),
    "conflict": ("This clashes with what is there.", "Это противоречит тому, что уже есть."),
    "username_taken": ("This username is taken.", "Это имя пользователя занято."),
    "client_id_reused": (
        "This client_id was used for another message in this room.",
        "Этот client_id уже использован для другого сообщения в комнате.",
    ),
    "message_deleted": (
        "This message has been deleted and can't be changed.",
        "Это сообщение удалено, изменить его нельзя.",
    ),
    "user_is_banned": (
        "This person is banned from the room. Lift the ban first.",
        "Этому человеку закрыт доступ в комнату. Сначала снимите запрет.",
    ),
    "owner_needed": (
        "A room needs an owner. Make somebody else the owner, or leave.",
        "Комнате нужен владелец. Передайте её другому или выйдите из неё.",
    ),
    "recipient_deleted": (
        "This person has deleted their account and can't read you.",
        "Этот человек удалил свой аккаунт и не прочтёт вас.",
    ),
    "direct_chat_is_fixed": (
        "A direct chat can't be changed, deleted or left, and its two participants stay as they are.",
        "Личный чат нельзя изменить, удалить или покинуть, и состав его участников не меняется.",
    ),
    "payload_too_large": ("The body is too large.", "Тело запроса слишком велико."),
    "unsupported_media_type": (
        "Send the body as `Content-Type: application/json` in UTF-8, and a file as `multipart/form-data`.",
        "Передайте тело запроса как `Content-Type: application/json` в UTF-8, а файл — как `multipart/form-data`.",
    ),
    "too_many_requests": ("Too many requests. Wait a little.", "Слишком много запросов. Подождите немного."),
    "too_many_attempts": (
        "Too many attempts. Wait as long as `Retry-After` says.",
        "Слишком много попыток. Подождите столько, сколько указано в `Retry-After`.",
    ),
    "internal_error": ("Something went wrong on our side.", "У нас что-то сломалось."),
    "unavailable": ("The service is busy. Try again soon.", "Сервис занят. Повторите чуть позже."),
    # What is wrong with a field
    "required": ("This field is required.", "Обязательное поле."),
    "null": ("This field may not be null.", "Поле не может быть null."),
    "unknown_field": ("There is no such field.", "Такого поля нет."),
    "repeated": ("Give this once.", "Укажите это один раз."),
    "not_an_object": ("Send a JSON object.", "Нужен JSON-объект."),
    "not_a_file": ("Send this as a file.", "Передайте это как файл."),
    "not_a_picture": (
        "This is not a PNG, JPEG, WebP or GIF picture, or it is broken.",
        "Это не изображение PNG, JPEG, WebP или GIF, либо оно повреждено.",
    ),
    "too_many_pixels": (
        "The picture may be at most {most} pixels wide and high.",
        "Ширина и высота изображения — не больше {most} пикселей.",
    ),
    "not_text": ("This must be text.", "Нужен текст."),
    "not_an_integer": ("This must be a whole number.", "Нужно целое число."),
    "not_a_boolean": ("This must be true or false.", "Нужно true или false."),
    "not_a_list": ("This must be a list.", "Нужен список."),
    "not_an_id": ("This is not an id.", "Это не идентификатор."),
    "not_a_choice": ("This is not one of the choices.", "Недопустимое значение."),
    "out_of_range": ("This must be from {least} to {most}.", "Нужно значение от {least} до {most}."),
    "invalid_cursor": ("This is not a cursor of this list.", "Это не курсор данного списка."),
    "exclusive": ("Give only one of before, after and around.", "Укажите только одно из before, after и around."),
    "blank": ("This may not be blank.", "Поле не может быть пустым."),
    "too_short": ("At least {least} characters.", "Не короче {least} символов."),
    "too_long": ("At most {most} characters.", "Не длиннее {most} символов."),
    "too_many_items": ("At most {most} items.", "Не больше {most} элементов."),
    "too_many_marks": (
        "At most {most} combining marks may follow one another.",
        "Не больше {most} диакритических знаков подряд.",
    ),
    "control_characters": ("Control characters are not allowed.", "Управляющие символы не допускаются."),
    "not_one_line": ("This must be one line.", "Нужна одна строка."),
    "username_characters": (
        "Only letters, digits and `_` `.` `-` may stand in a username.",
        "В имени допустимы только буквы, цифры и `_` `.` `-`.",
    ),
    "mixed_scripts": (
        "A username is written in one script; Latin may mix with Japanese, Chinese or Korean.",
        "Имя пишется буквами одной письменности; латиница сочетается с японской, китайской и корейской.",
    ),
    "hidden_marks": (
        "A combining mark in this username is out of place or can't be seen.",
        "Диакритический знак в этом имени стоит не на месте или незаметен.",
    ),
    "username_reserved": (
        "Usernames that begin with `deleted-user-` stand for accounts that were erased.",
        "Имена, которые начинаются с `deleted-user-`, обозначают удалённые аккаунты.",
    ),
    "not_an_email": ("This is not an e-mail address.", "Это не адрес электронной почты."),
    "not_an_https_url": ("This must be an https:// address.", "Нужен адрес https://."),
    "not_equal": ("The two do not match.", "Значения не совпадают."),
    "password_is_username": ("The password may not be the username.", "Пароль не должен совпадать с именем."),
    "password_too_common": (
        "This password is one of the most common and guessed first. Choose another.",
        "Это один из самых распространённых паролей, такие подбирают первыми. Выберите другой.",
    ),
    "wrong_password": ("The password is wrong.", "Неверный пароль."),
    "unknown_user": ("One of these users does not exist.", "Одного из этих пользователей нет."),
    "unknown_message": ("There is no such message here.", "Такого сообщения здесь нет."),
    "yourself": ("You can't do this with yourself.", "С самим собой этого сделать нельзя."),
    "client_ids_differ": (
        "The header Idempotency-Key and the field client_id differ.",
        "Заголовок Idempotency-Key и поле client_id различаются.",
    ),
}


def language() -> str:
    """The language of this request's sentences, by `Accept-Language`; English otherwise."""
    state = request_state()
    if state.language is None:
        state.language = _preferred(request.headers.get("Accept-Language", ""))
    return state.language


def _preferred(header: str) -> str:
    # Not werkzeug's `accept_languages`, which reads a header of any length, nor its `best_match`, which prefers a later
    # `ru` to an earlier `en-US`.
    known = []
    for item in header[:_HEADER_MOST].split(",", _TAGS_MOST)[:_TAGS_MOST]:
        tag = _TAG.fullmatch(item.strip())
        if tag and tag[1].lower() in LANGUAGES and (quality := float(tag[2] or 1)) > 0:
            known.append((quality, tag[1].lower()))
    return max(known, key=lambda one: one[0], default=(0, LANGUAGES[0]))[1]


def english(code: str, **values: object) -> str:
    """The English sentence of a code, for who is not on the web."""
    return _SENTENCES[code][0].format(**values)


def sentence(code: str, **values: object) -> str:
    """The sentence of a code in the language of this request."""
    return _SENTENCES[code][LANGUAGES.index(language())].format(**values)
