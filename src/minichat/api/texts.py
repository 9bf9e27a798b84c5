"""All sentences that answers show to people, in English and Russian, by their codes.

Programs rely on the codes, so a code never changes. Sentences may be reworded.
"""

import re

from flask import request

from minichat.api.request_state import request_state

LANGUAGES = ("en", "ru")

# Browsers send fewer than ten languages, in a hundred characters.
_MAX_HEADER_LENGTH = 1_000
_MAX_TAGS = 20
_TAG = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]*)?|1(?:\.0*)?))?")

_SENTENCES: dict[str, tuple[str, str]] = {
    # Success
    "registered": ("Welcome! Your account has been created.", "Добро пожаловать! Аккаунт создан."),
    "logged_in": ("You are logged in.", "Вы вошли в аккаунт."),
    "logged_out": ("You are logged out.", "Вы вышли из аккаунта."),
    "password_changed": (
        "Your password has been changed. All your other sessions have ended.",
        "Пароль изменён. Все остальные сеансы завершены.",
    ),
    "reset_requested": (
        "If this account exists and has a verified address, we have sent a link to it. It may take a few minutes.",
        "Если такой аккаунт есть и его адрес подтверждён, мы отправили туда ссылку. Письмо может идти несколько минут.",
    ),
    "sends_no_mail": (
        "This server sends no mail. Ask an administrator for a link.",
        "Этот сервер не отправляет писем. Попросите ссылку у администратора.",
    ),
    "email_verified": ("Your e-mail address is verified.", "Адрес электронной почты подтверждён."),
    "verification_sent": (
        "We have sent you a link. It may take a few minutes.",
        "Мы отправили вам ссылку. Письмо может идти несколько минут.",
    ),
    "nothing_to_verify": (
        "There is nothing to verify: you have no e-mail address, or it is verified already.",
        "Подтверждать нечего: адрес не указан или уже подтверждён.",
    ),
    "direct_chat_created": ("The chat has been created.", "Чат создан."),
    "direct_chat_exists": ("You already have this chat.", "У вас уже есть этот чат."),
    "joined": ("You have joined the room.", "Вы присоединились к комнате."),
    "left": ("You have left the room.", "Вы вышли из комнаты."),
    # Errors
    "validation_failed": ("Some fields are not valid.", "Некоторые поля заполнены неверно."),
    "malformed_json": ("The body is not valid JSON.", "В теле запроса некорректный JSON."),
    "malformed_form": (
        "The body is not valid multipart/form-data.",
        "В теле запроса некорректный multipart/form-data.",
    ),
    "bad_request": ("The request is malformed.", "Некорректный запрос."),
    "not_authenticated": (
        "Log in and send the access token as `Authorization: Bearer …`.",
        "Войдите и передайте access-токен в заголовке `Authorization: Bearer …`.",
    ),
    "invalid_credentials": ("Wrong username or password.", "Неверное имя пользователя или пароль."),
    "invalid_code": ("Wrong code, or it was used before.", "Код неверный или уже использован."),
    "wrong_code": ("Wrong code, or it was used before.", "Код неверный или уже использован."),
    "sign_in_expired": (
        "The sign-in took too long. Enter your password again.",
        "Время входа истекло. Введите пароль ещё раз.",
    ),
    "second_factor_is_on": ("Your second factor is on already.", "Второй фактор уже включён."),
    "second_factor_is_off": ("Your second factor is off.", "Второй фактор отключён."),
    "set_up_expired": (
        "This set-up took too long, or a later one has replaced it. Start again.",
        "Настройка заняла слишком много времени или начата заново. Начните ещё раз.",
    ),
    "second_factor_unreadable": (
        "The server's secret key has changed. Use a recovery code, or ask the operator for a reset of your factor.",
        "Секретный ключ сервера изменился. Войдите по резервному коду или попросите оператора сбросить второй фактор.",
    ),
    "token_invalid": ("The token is not valid.", "Токен недействителен."),
    "token_expired": ("The token has expired.", "Срок действия токена истёк."),
    "token_reused": (
        "This refresh token has been used before, so its session was ended. Log in again.",
        "Этот refresh-токен уже был использован, поэтому сеанс завершён. Войдите снова.",
    ),
    "origin_not_allowed": (
        "Pages of this origin can't open a WebSocket here.",
        "Этому сайту не разрешено подключаться по WebSocket.",
    ),
    "upgrade_required": (
        "This address accepts WebSocket connections only.",
        "По этому адресу доступны только соединения WebSocket.",
    ),
    "ticket_invalid": (
        "The ticket has been used before or has expired. Request a new one.",
        "Тикет уже использован или истёк. Запросите новый.",
    ),
    "too_many_streams": (
        "You have reached the limit of open streams. Close one of them.",
        "Слишком много открытых соединений. Закройте одно из них.",
    ),
    "streams_not_served": (
        "This server can't keep connections open. Request GET /api/chat/sync/ without a timeout instead.",
        "Сервер не поддерживает постоянные соединения. Используйте GET /api/chat/sync/ без параметра timeout.",
    ),
    "index_building": (
        "The search index is still being built. Try again in a while.",
        "Поиск ещё готовится к работе. Повторите попытку позже.",
    ),
    "sockets_not_served": (
        "This server does not support WebSockets. Use GET /api/chat/events/ instead.",
        "Сервер не поддерживает WebSocket. Используйте GET /api/chat/events/.",
    ),
    "resync_required": (
        "The change log no longer holds these changes. Load everything again and continue from a new cursor.",
        "Этих изменений уже нет в журнале. Загрузите все данные заново и продолжите с нового курсора.",
    ),
    "gone": ("This is no longer available.", "Эти данные больше недоступны."),
    "session_ended": ("The session has ended. Log in again.", "Сеанс завершён. Войдите снова."),
    "not_allowed": ("You are not allowed to do this.", "У вас нет прав на это действие."),
    "not_a_participant": (
        "You are not in this room. Join it first.",
        "Вы не участник этой комнаты. Сначала присоединитесь к ней.",
    ),
    "not_your_message": ("Only the author can edit this message.", "Изменить сообщение может только его автор."),
    "cannot_message": ("You can't contact this person.", "С этим человеком нельзя связаться."),
    "you_blocked": (
        "You have blocked this person. Unblock them first.",
        "Вы заблокировали этого человека. Сначала разблокируйте его.",
    ),
    "announcements_only": (
        "Only the owner and the moderators can write in this room.",
        "В этой комнате могут писать только владелец и модераторы.",
    ),
    "cooldown": (
        "Wait a little before your next message in this room.",
        "Подождите немного, прежде чем снова писать в этой комнате.",
    ),
    "registration_closed": (
        "Nobody can register here. An administrator of this server can create an account for you.",
        "Зарегистрироваться здесь нельзя. Аккаунт может создать администратор сервера.",
    ),
    "invitation_required": (
        "Registration needs a valid invitation. Ask somebody in this chat for a link.",
        "Для регистрации нужно действующее приглашение. Попросите ссылку у кого-нибудь из участников чата.",
    ),
    "banned": ("You are banned from this room.", "Вам закрыт доступ в эту комнату."),
    "role_too_low": ("Your role in this room does not allow this.", "Ваша роль в комнате не позволяет это сделать."),
    "not_found": ("There is nothing at this address.", "По этому адресу ничего нет."),
    "user_not_found": ("User not found.", "Пользователь не найден."),
    "session_not_found": ("Session not found.", "Сеанс не найден."),
    "message_not_found": ("Message not found.", "Сообщение не найдено."),
    "participant_not_found": ("This person is not in the room.", "Этого человека нет в комнате."),
    "invitation_not_found": (
        "This invitation does not exist or is no longer valid.",
        "Приглашение не найдено или больше не действует.",
    ),
    "room_not_found": ("Room not found.", "Комната не найдена."),
    "method_not_allowed": ("This address does not support this method.", "Этот адрес не поддерживает такой метод."),
    "report_decided": (
        "Another administrator was faster. Look at the report again.",
        "Другой администратор успел раньше. Откройте жалобу ещё раз.",
    ),
    "not_an_administrator": ("You are no longer an administrator.", "Вы больше не администратор."),
    "room_not_opened": (
        "Give a reason before you read the messages of this room.",
        "Прежде чем читать сообщения этой комнаты, укажите причину.",
    ),
    "heir_disabled": (
        "This account is disabled, so it can't own a room. Choose another participant.",
        "Этот аккаунт отключён и не может владеть комнатой. Выберите другого участника.",
    ),
    "report_not_found": ("Report not found.", "Жалоба не найдена."),
    "conflict": ("This conflicts with the current state.", "Запрос противоречит текущему состоянию данных."),
    "email_taken": (
        "Another account has verified this e-mail address.",
        "Этот адрес электронной почты уже подтвердил другой аккаунт.",
    ),
    "username_taken": ("This username is taken.", "Это имя пользователя уже занято."),
    "name_not_typed": (
        "This is not the username. Type it exactly as it is shown.",
        "Имя не совпадает. Введите его точно так, как оно показано.",
    ),
    "last_superuser": (
        "This is the last enabled superuser. Make somebody else a superuser first.",
        "Это последний действующий суперпользователь. Сначала назначьте другого.",
    ),
    "changed_meanwhile": (
        "Somebody has changed this meanwhile, and nothing was saved. Load the page again and repeat your change.",
        "За это время данные кто-то изменил, поэтому ничего не сохранено. Обновите страницу и повторите правку.",
    ),
    "too_many_blocks": (
        "You have blocked too many people. Unblock some of them first.",
        "Вы заблокировали слишком много людей. Сначала разблокируйте кого-нибудь.",
    ),
    "client_id_reused": (
        "This client_id has been used for another message in this room.",
        "Этот client_id уже использован для другого сообщения в этой комнате.",
    ),
    "message_deleted": (
        "This message has been deleted and can't be changed.",
        "Сообщение удалено, изменить его нельзя.",
    ),
    "too_many_reactions": (
        "This message has too many different reactions. Join one of them.",
        "К сообщению уже добавлено слишком много разных реакций. Выберите одну из них.",
    ),
    "too_many_pins": (
        "Too many messages are pinned in this room. Unpin one first.",
        "В комнате закреплено слишком много сообщений. Сначала открепите одно из них.",
    ),
    "user_is_banned": (
        "This person is banned from the room. Lift the ban first.",
        "Этому человеку закрыт доступ в комнату. Сначала снимите запрет.",
    ),
    "owner_needed": (
        "A room needs an owner. Make another participant the owner, or leave the room.",
        "У комнаты должен быть владелец. Передайте её другому участнику или выйдите из неё.",
    ),
    "recipient_deleted": (
        "This person has deleted their account and can't read your messages.",
        "Собеседник удалил аккаунт и не увидит ваших сообщений.",
    ),
    "direct_chat_is_fixed": (
        "A direct chat can't be changed, deleted or left, and nobody can be added or removed.",
        "Личный чат нельзя изменить, удалить или покинуть. Состав его участников не меняется.",
    ),
    "payload_too_large": ("The body is too large.", "Слишком большой объём данных."),
    "unsupported_media_type": (
        "Send JSON as `Content-Type: application/json` in UTF-8, and files as `multipart/form-data`.",
        "Отправляйте JSON в UTF-8 с заголовком `Content-Type: application/json`, а файлы — как `multipart/form-data`.",
    ),
    "unsupported_encoding": (
        "Send the body uncompressed, without `Content-Encoding`.",
        "Отправляйте тело запроса без сжатия и без заголовка `Content-Encoding`.",
    ),
    "unexpected_body": (
        "This request takes no data. Send an empty body or an empty JSON object.",
        "Этот запрос не принимает данных. Отправьте пустое тело или пустой JSON-объект.",
    ),
    "too_many_requests": ("Too many requests. Wait a moment.", "Слишком много запросов. Подождите немного."),
    "too_many_attempts": ("Too many attempts. Try again later.", "Слишком много попыток. Попробуйте позже."),
    "too_many_reports": (
        "You have made too many reports. Try again later.",
        "Вы отправили слишком много жалоб. Попробуйте позже.",
    ),
    "internal_error": ("Something went wrong on our side. Try again later.", "Что-то пошло не так. Попробуйте позже."),
    "unavailable": (
        "The service is temporarily unavailable. Try again soon.",
        "Сервис временно недоступен. Попробуйте чуть позже.",
    ),
    # Problems of a field
    "required": ("This field is required.", "Обязательное поле."),
    "null": ("This field can't be null.", "Поле не может быть null."),
    "unknown_field": ("Unknown field.", "Неизвестное поле."),
    "repeated": ("Send this only once.", "Значение указано несколько раз. Оставьте одно."),
    "not_an_object": ("Send a JSON object.", "Отправьте JSON-объект."),
    "not_a_file": ("Send a file.", "Отправьте файл."),
    "not_a_picture": (
        "This is not a valid PNG, JPEG, WebP or GIF picture.",
        "Это не изображение PNG, JPEG, WebP или GIF, либо файл повреждён.",
    ),
    "too_many_pixels": (
        "The picture can be at most {most} pixels wide and {most} pixels high.",
        "Ширина и высота изображения — не больше {most} пикселей.",
    ),
    "not_text": ("This must be text.", "Нужен текст."),
    "not_an_integer": ("This must be a whole number.", "Нужно целое число."),
    "not_a_boolean": ("This must be true or false.", "Нужно true или false."),
    "not_a_time": (
        "This must be a time like `2026-11-23T09:30:00Z`.",
        "Нужно время в формате `2026-11-23T09:30:00Z`.",
    ),
    "not_a_list": ("This must be a list.", "Нужен список."),
    "not_an_id": ("This is not a valid id.", "Неверный идентификатор."),
    "not_a_choice": ("This is not one of the allowed values.", "Недопустимое значение."),
    "out_of_range": ("This must be from {least} to {most}.", "Допустимы значения от {least} до {most}."),
    "invalid_cursor": ("This cursor is not valid here.", "Недействительный курсор."),
    "exclusive": (
        "Use only one of the parameters that name a message.",
        "Укажите только один из параметров, задающих сообщение.",
    ),
    "blank": ("This can't be blank.", "Поле не может быть пустым."),
    "too_short": ("Use at least {least} characters.", "Не короче {least} символов."),
    "too_long": ("Use at most {most} characters.", "Не длиннее {most} символов."),
    "too_many_items": ("Use at most {most} items.", "Не больше {most} элементов."),
    "too_many_marks": (
        "Use at most {most} combining marks in a row.",
        "Не больше {most} диакритических знаков подряд.",
    ),
    "control_characters": ("Control characters are not allowed.", "Управляющие символы не допускаются."),
    "bidirectional_controls": (
        "A name can't hold invisible marks that change the direction of text.",
        "Уберите невидимые знаки, которые меняют направление текста.",
    ),
    "not_one_line": ("This must be a single line.", "Переносы строк не допускаются."),
    "username_characters": (
        "Use only letters, digits and `_` `.` `-`.",
        "Используйте только буквы, цифры и символы `_` `.` `-`.",
    ),
    "mixed_scripts": (
        "Use letters of one script. Latin can mix with Japanese, Chinese or Korean.",
        "Не смешивайте разные алфавиты. Латиницу можно сочетать с японским, китайским или корейским письмом.",
    ),
    "hidden_marks": (
        "A combining mark in this username is misplaced or invisible.",
        "Диакритический знак в имени стоит не на месте или не виден.",
    ),
    "username_reserved": (
        "Usernames that begin with `deleted-user-` are reserved for deleted accounts.",
        "Имена, которые начинаются с `deleted-user-`, зарезервированы для удалённых аккаунтов.",
    ),
    "username_of_a_group": (
        "`all`, `everyone`, `here` and `channel` can't be usernames, because they mention several people.",
        "`all`, `everyone`, `here` и `channel` не могут быть именами: так упоминают сразу нескольких людей.",
    ),
    "not_an_emoji": ("This must be one emoji.", "Нужен один эмодзи."),
    "not_an_email": ("This is not a valid e-mail address.", "Неверный адрес электронной почты."),
    "not_an_https_url": ("This must be an https:// address.", "Адрес должен начинаться с https://."),
    "not_equal": ("The passwords do not match.", "Пароли не совпадают."),
    "password_is_username": (
        "The password can't be the username.",
        "Пароль не должен совпадать с именем пользователя.",
    ),
    "password_too_common": (
        "This password is common and easy to guess. Choose another.",
        "Это распространённый пароль, его легко подобрать. Придумайте другой.",
    ),
    "password_needed": (
        "Enter your password to change the e-mail address.",
        "Чтобы сменить адрес электронной почты, введите пароль.",
    ),
    "link_invalid": (
        "This link has been used, has expired, or was replaced by a newer one. Request a new one.",
        "Ссылка уже использована, устарела или заменена новой. Запросите новую.",
    ),
    "one_of_both": (
        "Send either a username or an e-mail address.",
        "Укажите либо имя пользователя, либо адрес электронной почты.",
    ),
    "wrong_password": ("Wrong password.", "Неверный пароль."),
    "unbalanced_quotes": (
        'Close the quotes, and put a `\\` before each `"` and `\\` between them.',
        'Закройте кавычки, а внутри них ставьте `\\` перед каждым `"` и `\\`.',
    ),
    "unknown_user": ("One of these users does not exist.", "Один из указанных пользователей не найден."),
    "unknown_participant": ("One of these people is not in this room.", "Кого-то из этих людей нет в этой комнате."),
    "unknown_message": ("This message does not exist here.", "Такого сообщения здесь нет."),
    "yourself": ("You can't do this to yourself.", "Это действие нельзя применить к себе."),
    "own_message": ("You can't report your own message.", "Нельзя пожаловаться на своё сообщение."),
    "client_ids_differ": (
        "The Idempotency-Key header and the client_id field differ.",
        "Заголовок Idempotency-Key и поле client_id не совпадают.",
    ),
}


def language() -> str:
    """Return the language of this request, by `Accept-Language`: English or Russian."""
    state = request_state()
    if state.language is None:
        state.language = _preferred(request.headers.get("Accept-Language", ""))
    return state.language


def _preferred(header: str) -> str:
    # werkzeug's `accept_languages` reads a header of any length, and its `best_match` prefers a later `ru` to an
    # earlier `en-US`.
    known = []
    for item in header[:_MAX_HEADER_LENGTH].split(",", _MAX_TAGS)[:_MAX_TAGS]:
        tag = _TAG.fullmatch(item.strip())
        if tag and tag[1].lower() in LANGUAGES and (quality := float(tag[2] or 1)) > 0:
            known.append((quality, tag[1].lower()))
    return max(known, key=lambda one: one[0], default=(0, LANGUAGES[0]))[1]


def english(code: str, **values: object) -> str:
    """Return the English sentence of a code, for the command line."""
    return _SENTENCES[code][0].format(**values)


def sentence(code: str, **values: object) -> str:
    """Return the sentence of a code in the language of this request."""
    return _SENTENCES[code][LANGUAGES.index(language())].format(**values)
