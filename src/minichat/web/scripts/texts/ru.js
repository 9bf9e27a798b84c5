/**
 * The texts in Russian. The same keys as en.js; the type check compares them.
 * @type {import("./texts.js").Texts}
 */
const texts = {
  // Everywhere
  "app.name": "minichat",
  "app.cancel": "Отмена",
  "app.close": "Закрыть",
  "app.retry": "Повторить",
  "app.loading": "Загрузка…",
  "app.not_found": "По этому адресу ничего нет.",
  "app.not_loaded": "Не удалось загрузить эту часть. Возможно, вышла новая версия minichat.",
  "app.reload": "Загрузить снова",
  "app.to_rooms": "К списку чатов",

  // Errors without a sentence from the server
  "error.unreachable": "Нет связи с сервером. Проверьте интернет.",
  "error.unknown": "Что-то пошло не так. Попробуйте ещё раз.",
  "error.wait": {
    one: "Слишком много попыток. Попробуйте через {count} секунду.",
    few: "Слишком много попыток. Попробуйте через {count} секунды.",
    many: "Слишком много попыток. Попробуйте через {count} секунд.",
    other: "Слишком много попыток. Попробуйте через {count} секунды.",
  },

  // The connection
  "link.connecting": "Подключение…",
  "link.waiting": "Нет связи. Подключаемся снова…",
  "link.offline": "Вы не в сети. Сообщения уйдут, когда связь появится.",

  // Log-in and registration
  "welcome.log_in": "Войти",
  "welcome.log_in_title": "Вход в minichat",
  "welcome.register": "Создать аккаунт",
  "welcome.register_title": "Новый аккаунт",
  "welcome.username": "Имя пользователя",
  "welcome.password": "Пароль",
  "welcome.password_hint": "Не короче {count} символов",
  "welcome.first_name": "Имя",
  "welcome.last_name": "Фамилия",
  "welcome.optional": "необязательно",
  "welcome.show_password": "Показать пароль",
  "welcome.hide_password": "Скрыть пароль",
  "welcome.no_account": "Ещё нет аккаунта?",
  "welcome.have_account": "Уже есть аккаунт?",
  "welcome.session_ended": "Сеанс завершён. Войдите снова.",
  "welcome.registration_closed": "Аккаунты на этом сервере создают администраторы.",
  "welcome.registration_invite": "Чтобы создать аккаунт, нужна ссылка-приглашение.",

  // The list of rooms
  "rooms.title": "Чаты",
  "rooms.empty": "Чатов пока нет",
  "rooms.empty_hint": "Вступите в открытую комнату или найдите собеседника.",
  "rooms.filter": "Поиск по чатам",
  "rooms.none_found": "Чатов с таким названием нет.",
  "rooms.no_messages": "Сообщений пока нет",
  "rooms.deleted_message": "Сообщение удалено",
  "rooms.draft": "Черновик:",
  "rooms.you": "Вы:",
  "rooms.unread": {
    one: "{count} непрочитанное сообщение",
    few: "{count} непрочитанных сообщения",
    many: "{count} непрочитанных сообщений",
    other: "{count} непрочитанных сообщения",
  },
  "rooms.mentions": {
    one: "{count} упоминание",
    few: "{count} упоминания",
    many: "{count} упоминаний",
    other: "{count} упоминания",
  },
  "rooms.muted": "Без звука",
  "rooms.pick": "Выберите чат, чтобы начать общение",
  "rooms.menu": "Меню",
  "rooms.log_out": "Выйти",
  "rooms.not_found": "Такой комнаты нет, или вы в ней не состоите.",

  // One room
  "room.back": "Назад к чатам",
  "room.members": {
    one: "{count} участник",
    few: "{count} участника",
    many: "{count} участников",
    other: "{count} участника",
  },
  "room.online": "в сети",
  "room.seen": "был(а) {time}",
  "room.seen_never": "не в сети",
  "room.typing": "печатает…",
  "room.typing_one": "{name} печатает…",
  "room.typing_two": "{first} и {second} печатают…",
  "room.typing_many": "Несколько человек печатают…",
  "room.join": "Вступить",

  // Messages
  "messages.label": "Сообщения: {name}",
  "messages.empty": "Сообщений пока нет",
  "messages.empty_hint": "Напишите первым.",
  "messages.unread": "Новые сообщения",
  "messages.to_newest": "К последнему сообщению",
  "messages.to_newest_unread": {
    one: "К последнему сообщению, {count} новое",
    few: "К последнему сообщению, {count} новых",
    many: "К последнему сообщению, {count} новых",
    other: "К последнему сообщению, {count} новых",
  },
  "messages.not_found": "Такого сообщения нет, или оно вам недоступно.",
  "messages.news": "Новые сообщения",
  "messages.news_one": "{name}: {text}",
  "messages.news_count": {
    one: "{count} новое сообщение",
    few: "{count} новых сообщения",
    many: "{count} новых сообщений",
    other: "{count} новых сообщения",
  },
  "messages.deleted": "Сообщение удалено",
  "messages.blocked": "Сообщение от заблокированного пользователя",
  "messages.edited": "изменено",
  "messages.sending": "Отправляется",
  "messages.sent": "Отправлено",
  "messages.read": "Прочитано",
  "messages.not_sent": "Не отправлено",
  "messages.retry": "Отправить ещё раз",
  "messages.discard": "Удалить",
  "messages.today": "Сегодня",
  "messages.yesterday": "Вчера",
  "messages.you": "Вы",

  // The composer
  "composer.label": "Сообщение",
  "composer.placeholder": "Напишите сообщение…",
  "composer.send": "Отправить",
  "composer.announcements": "Здесь пишут только модераторы.",

  // The emoji picker
  "emoji.title": "Эмодзи",
  "emoji.grid": "Эмодзи",
  "emoji.search": "Поиск эмодзи",
  "emoji.none": "Ничего не нашлось",
  "emoji.found": "Найдено",
  "emoji.tones": "Цвет кожи",
  "emoji.tone": "Цвет кожи {number}",
  "emoji.recent": "Недавние",
  "emoji.smileys": "Смайлы",
  "emoji.people": "Люди",
  "emoji.nature": "Животные и природа",
  "emoji.food": "Еда и напитки",
  "emoji.travel": "Путешествия",
  "emoji.activities": "Занятия",
  "emoji.objects": "Предметы",
  "emoji.symbols": "Символы",
  "emoji.flags": "Флаги",

  // Code in messages
  "code.copy": "Скопировать код",
  "code.copied": "Скопировано",
  "code.not_copied": "Не удалось скопировать",
};

export default texts;
