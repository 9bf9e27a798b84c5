/**
 * The field to write in. Enter sends, Shift+Enter begins a new line; an Enter that ends the composition of a character
 * does neither. On a phone Enter begins a new line.
 *
 * @typedef {import("../app.js").App} App
 */
import {editMessage, startEdit, startReply} from "../actions/messages.js";
import {problemText} from "../actions/problems.js";
import {sendMessage} from "../actions/sending.js";
import {reportTyping} from "../actions/typing.js";
import {writableAt} from "../store/cooldowns.js";
import {draftOf, mentionedIn, setDraft} from "../store/drafts.js";
import {lastOwnMessage, messageById} from "../store/messages.js";
import {contentOf, lengthOf, toggleMarker} from "../text/composing.js";
import {t} from "../texts/texts.js";
import {iconButton} from "../ui/controls.js";
import {fill, h, setAttributes} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {later} from "../ui/later.js";
import {grow, replaceText} from "../ui/text_field.js";
import {composerNote} from "./composer_note.js";
import {composerTarget} from "./composer_target.js";

/** Safari ends a composition before it reports the key, with this code. */
const KEY_OF_COMPOSITION = 229;
const MARKERS = /** @type {Record<string, string>} */ ({b: "**", i: "_", e: "`"});

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 * @param {{takesFocus: boolean}} how
 */
export function composer(app, room, signal, {takesFocus}) {
  const {store} = app;
  const isPhone = matchMedia("(hover: none) and (pointer: coarse)").matches;
  const note = composerNote(app, room, signal);
  const input = h("textarea", {
    class: "composer-input",
    rows: 1,
    dir: "auto",
    placeholder: t("composer.placeholder"),
    "aria-label": t("composer.label"),
    "aria-describedby": note.element.id,
    autocapitalize: "sentences",
    oninput,
    onkeydown,
  });
  const listPlace = h("div", {class: "completion"});
  /** The list that completes mentions and emoji, once it is needed. @type {{onkeydown: (event: KeyboardEvent) => boolean} | null} */
  let list = null;
  let isListLoading = false;
  const sendButton = iconButton("send", t("composer.send"), submit, {class: "icon-button composer-send"});
  const emojiButton = iconButton("smile", t("emoji.title"), chooseEmoji, {
    "aria-haspopup": "dialog",
    "aria-expanded": false,
  });
  // A phone's keyboard stays open while the field has the focus.
  sendButton.addEventListener("mousedown", (event) => event.preventDefault());
  let isSaving = false;

  const draft = () => draftOf(store.get(), room);

  function oninput() {
    grow(input);
    note.setProblem("");
    if (/[@:]/.test(input.value)) void loadList();
    store.update((state) => setDraft(state, room, {text: input.value}));
    if (input.value.trim() !== "" && draft().editing === null) reportTyping(app, room);
  }

  async function loadList() {
    if (isListLoading) return;
    isListLoading = true;
    const module = await import("./completion.js").catch(() => null); // the next key tries again
    isListLoading = module !== null;
    if (!module || signal.aborted) return;
    const {element, onkeydown: use} = module.completion(app, room, input, {onChoose}, signal);
    list = {onkeydown: use};
    listPlace.append(element);
  }

  /** @param {import("../store/state.js").Chosen} chosen */
  function onChoose(chosen) {
    store.update((state) => setDraft(state, room, {mentions: [...draftOf(state, room).mentions, chosen]}));
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.isComposing || event.keyCode === KEY_OF_COMPOSITION || list?.onkeydown(event)) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const isPlain = !isCommand && !event.altKey && !event.shiftKey;
    if (event.key === "Enter" && (isCommand || (isPlain && !isPhone))) submit();
    else if (event.key === "Escape" && isPlain && hasTarget()) endTarget();
    else if (event.key === "ArrowUp" && isPlain && input.value === "" && draft().editing === null) editLast();
    else if (isCommand && !event.altKey && !event.shiftKey && letterOf(event) in MARKERS) {
      const marker = MARKERS[letterOf(event)];
      replaceText(input, toggleMarker(input.value, input.selectionStart, input.selectionEnd, marker));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function hasTarget() {
    return draft().editing !== null || draft().replyTo !== null;
  }

  function endTarget() {
    (draft().editing !== null ? startEdit : startReply)(app, room, null);
  }

  function editLast() {
    const last = lastOwnMessage(store.get(), room);
    if (last) startEdit(app, room, last);
  }

  async function chooseEmoji() {
    const picker = await later(() => import("./emoji_popover.js"));
    const onPick = (/** @type {string} */ emoji) => {
      replaceText(input, {start: input.selectionStart, end: input.selectionEnd, text: emoji});
    };
    picker?.openEmojiPicker(app, emojiButton, {onPick}, signal);
  }

  function submit() {
    const {text, replyTo, editing} = draft();
    const content = contentOf(text);
    if (content === "" || isSaving) return;
    const now = Date.now();
    if (lengthOf(content) > note.limit() || (editing === null && writableAt(store.get(), room, now) > now)) {
      return note.insist();
    }
    if (editing !== null) return void save(editing, content);
    const mentionIds = mentionedIn(draft());
    store.update((state) => setDraft(state, room, {text: "", replyTo: null, mentions: []}));
    sendMessage(app, room, {content, replyTo, mentionIds});
    input.focus();
  }

  /** @param {number} message @param {string} content */
  async function save(message, content) {
    if (messageById(store.get(), room, message)?.content === content) return startEdit(app, room, null);
    isSaving = true;
    show();
    try {
      await editMessage(app, {id: message}, {content, mentionIds: mentionedIn(draft())});
      const {editing, text} = draft();
      if (editing === message && contentOf(text) === content) startEdit(app, room, null);
    } catch (error) {
      note.setProblem(problemText(error));
    } finally {
      isSaving = false;
      if (!signal.aborted) show();
    }
  }

  function show() {
    const {text, editing} = draft();
    if (input.value !== text) {
      input.value = text;
      note.setProblem("");
    }
    grow(input);
    const isEditing = editing !== null;
    sendButton.disabled = contentOf(text) === "" || isSaving;
    const label = t(isEditing ? "composer.save" : "composer.send");
    setAttributes(sendButton, {"aria-label": label, title: label});
    fill(sendButton, icon(isEditing ? "check" : "send"));
  }

  store.watch((state) => state.drafts.get(room), show, signal);
  store.watch(
    (state) => `${draftOf(state, room).editing} ${draftOf(state, room).replyTo}`,
    (_target, before) => {
      if (before === undefined) return;
      input.focus({preventScroll: true});
      input.setSelectionRange(input.value.length, input.value.length);
    },
    signal,
  );
  if (takesFocus && !isPhone) queueMicrotask(() => input.focus({preventScroll: true}));
  return h(
    "form",
    {class: "composer", onsubmit: (/** @type {Event} */ event) => event.preventDefault()},
    listPlace,
    composerTarget(app, room, signal),
    h("div", {class: "composer-row"}, emojiButton, input, h("div", {class: "composer-end"}, note.counter, sendButton)),
    note.element,
  );
}

export function focusComposer() {
  /** @type {HTMLElement | null} */ (document.querySelector(".composer-input"))?.focus({preventScroll: true});
}

/** The Latin letter of a key, also in a layout without Latin letters. @param {KeyboardEvent} event */
function letterOf({key, code}) {
  return (/^[a-z]$/i.test(key) ? key : code.replace("Key", "")).toLowerCase();
}
