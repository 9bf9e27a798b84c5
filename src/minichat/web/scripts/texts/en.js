/**
 * The texts in English. One section per area of the screen; a new key goes into its area, here and in ru.js. Plurals have
 * the forms that Intl.PluralRules names.
 * @satisfies {Record<string, import("./texts.js").Text>}
 */
const texts = {
  // Everywhere
  "app.name": "minichat",
  "app.cancel": "Cancel",
  "app.close": "Close",
  "app.retry": "Try again",
  "app.loading": "Loading…",
  "app.not_found": "There is nothing at this address.",
  "app.not_loaded": "This part could not be loaded. There may be a new version of minichat.",
  "app.reload": "Load again",
  "app.to_rooms": "Back to the rooms",

  // Errors without a sentence from the server
  "error.unreachable": "No connection to the server. Check your network.",
  "error.unknown": "Something went wrong. Try again.",
  "error.wait": {
    one: "Too many attempts. Try again in {count} second.",
    other: "Too many attempts. Try again in {count} seconds.",
  },

  // The connection
  "link.connecting": "Connecting…",
  "link.waiting": "No connection. Trying again…",
  "link.offline": "You are offline. Messages will be sent when you are back.",

  // Log-in and registration
  "welcome.log_in": "Log in",
  "welcome.log_in_title": "Log in to minichat",
  "welcome.register": "Create account",
  "welcome.register_title": "Create your account",
  "welcome.username": "Username",
  "welcome.password": "Password",
  "welcome.password_hint": "At least {count} characters",
  "welcome.first_name": "First name",
  "welcome.last_name": "Last name",
  "welcome.optional": "optional",
  "welcome.show_password": "Show password",
  "welcome.hide_password": "Hide password",
  "welcome.no_account": "No account yet?",
  "welcome.have_account": "Already have an account?",
  "welcome.session_ended": "You have been logged out. Log in again.",
  "welcome.registration_closed": "New accounts are created by administrators of this server.",
  "welcome.registration_invite": "You need an invitation link to create an account here.",

  // The list of rooms
  "rooms.title": "Chats",
  "rooms.empty": "No chats yet",
  "rooms.empty_hint": "Join a public room or find a person to talk to.",
  "rooms.filter": "Search chats",
  "rooms.none_found": "No chat has this name.",
  "rooms.no_messages": "No messages yet",
  "rooms.deleted_message": "Message deleted",
  "rooms.draft": "Draft:",
  "rooms.you": "You:",
  "rooms.unread": {one: "{count} unread message", other: "{count} unread messages"},
  "rooms.mentions": {one: "{count} mention", other: "{count} mentions"},
  "rooms.muted": "Muted",
  "rooms.pick": "Choose a chat to start messaging",
  "rooms.menu": "Menu",
  "rooms.log_out": "Log out",
  "rooms.not_found": "This room does not exist, or you are not in it.",

  // One room
  "room.back": "Back to the chats",
  "room.members": {one: "{count} member", other: "{count} members"},
  "room.online": "online",
  "room.seen": "last seen {time}",
  "room.seen_never": "offline",
  "room.typing": "typing…",
  "room.typing_one": "{name} is typing…",
  "room.typing_two": "{first} and {second} are typing…",
  "room.typing_many": "Several people are typing…",
  "room.join": "Join room",

  // Messages
  "messages.label": "Messages of {name}",
  "messages.empty": "No messages yet",
  "messages.empty_hint": "Write the first one.",
  "messages.unread": "New messages",
  "messages.to_newest": "To the newest message",
  "messages.to_newest_unread": {
    one: "To the newest message, {count} is new",
    other: "To the newest message, {count} are new",
  },
  "messages.not_found": "This message does not exist, or you can't read it.",
  "messages.news": "New messages",
  "messages.news_one": "{name}: {text}",
  "messages.news_count": {one: "{count} new message", other: "{count} new messages"},
  "messages.deleted": "Message deleted",
  "messages.blocked": "Message from a person you blocked",
  "messages.edited": "edited",
  "messages.sending": "Sending",
  "messages.sent": "Sent",
  "messages.read": "Read",
  "messages.not_sent": "Not sent",
  "messages.retry": "Send again",
  "messages.discard": "Delete",
  "messages.today": "Today",
  "messages.yesterday": "Yesterday",
  "messages.you": "You",

  // The composer
  "composer.label": "Message",
  "composer.placeholder": "Write a message…",
  "composer.send": "Send",
  "composer.announcements": "Only moderators can write here.",

  // The emoji picker
  "emoji.title": "Emoji",
  "emoji.grid": "Emoji",
  "emoji.search": "Search emoji",
  "emoji.none": "No emoji found",
  "emoji.found": "Found",
  "emoji.tones": "Skin tone",
  "emoji.tone": "Skin tone {number}",
  "emoji.recent": "Recently used",
  "emoji.smileys": "Smileys",
  "emoji.people": "People",
  "emoji.nature": "Animals and nature",
  "emoji.food": "Food and drink",
  "emoji.travel": "Travel and places",
  "emoji.activities": "Activities",
  "emoji.objects": "Objects",
  "emoji.symbols": "Symbols",
  "emoji.flags": "Flags",

  // Code in messages
  "code.copy": "Copy code",
  "code.copied": "Copied",
  "code.not_copied": "Could not be copied",
};

export default texts;
