/**
 * The menu of a message: what the user may do with it, and what each of that does.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 */
import {setBlocked} from "../actions/blocks.js";
import {deleteMessage, hasReacted, setPinned, startEdit, startReply} from "../actions/messages.js";
import {problemText} from "../actions/problems.js";
import {href} from "../router.js";
import {nameOf} from "../store/people.js";
import {permissionsOn} from "../store/permissions.js";
import {t} from "../texts/texts.js";
import {confirmDialog} from "../ui/dialog.js";
import {later} from "../ui/later.js";
import {openMenu} from "../ui/menu.js";
import {toast} from "../ui/toast.js";
import {confirmBlock} from "./blocking.js";
import {focusComposer} from "./composer.js";
import {copyText} from "./copying.js";
import {reactTo} from "./reactions.js";

export const QUICK_EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

/**
 * @param {App} app
 * @param {Message} message
 * @param {object} how
 * @param {HTMLElement} how.anchor Gets the focus back.
 * @param {{x: number, y: number}} [how.point]
 * @param {() => void} how.pickEmoji Open the whole picker.
 * @param {AbortSignal} how.signal
 */
export function openMessageMenu(app, message, {anchor, point, pickEmoji, signal}) {
  const state = app.store.get();
  const room = state.rooms.get(message.room);
  if (!room) return;
  const may = permissionsOn(state, room, message);
  const isBlocked = state.blocked.has(message.user.id);
  const quick = QUICK_EMOJI.map((emoji) => ({
    label: t("messages.react_with", {emoji}),
    text: emoji,
    isChecked: hasReacted(message, emoji),
    run: () => reactTo(app, message, emoji),
  }));
  const more = {label: t("messages.more_emoji"), text: "＋", run: pickEmoji};
  openMenu(
    anchor,
    [
      may.reply && {label: t("messages.reply"), sign: "reply", run: () => reply(app, message)},
      may.edit && {label: t("messages.edit"), sign: "edit", run: () => edit(app, message)},
      may.copy && {label: t("messages.copy"), sign: "copy", run: () => copy(message.content)},
      {label: t("messages.copy_link"), sign: "link", run: () => copy(linkTo(message))},
      may.pin && {
        label: t(message.is_pinned ? "messages.unpin" : "messages.pin"),
        sign: "pin",
        run: () => attempt(setPinned(app, message, !message.is_pinned)),
      },
      message.reactions.length > 0 && {
        label: t("messages.reactors"),
        sign: "smile",
        run: () =>
          show(
            () => import("./dialogs/reactors.js"),
            (view) => view.reactorsDialog(app, message, signal),
          ),
      },
      may.seeReaders && {
        label: t("messages.readers"),
        sign: "check-double",
        run: () =>
          show(
            () => import("./dialogs/readers.js"),
            (view) => view.readersDialog(app, message, signal),
          ),
      },
      may.report && {
        label: t("messages.report"),
        sign: "flag",
        run: () =>
          show(
            () => import("./dialogs/report.js"),
            (view) => view.reportDialog(app, message, signal),
          ),
      },
      may.block && {
        label: t(isBlocked ? "messages.unblock" : "messages.block", {name: nameOf(message.user)}),
        sign: "lock",
        isDangerous: !isBlocked,
        run: () => block(app, message, !isBlocked, signal),
      },
      may.remove && {
        label: t("messages.delete"),
        sign: "trash",
        isDangerous: true,
        run: () => remove(app, message, signal),
      },
    ],
    {point, head: may.react ? [...quick, more] : [], signal},
  );
}

/** @param {App} app @param {Message} message */
export function reply(app, message) {
  startReply(app, message.room, message);
  focusComposer();
}

/** @param {App} app @param {Message} message */
function edit(app, message) {
  startEdit(app, message.room, message);
  focusComposer();
}

/** @param {string} text */
async function copy(text) {
  if (await copyText(text)) toast(t("messages.copied"));
  else toast(t("messages.not_copied"), {isProblem: true});
}

/** @param {Message} message */
function linkTo({room, id}) {
  return new URL(href({page: "room", room, message: id}), location.href).href;
}

/** @param {Promise<unknown>} action */
async function attempt(action) {
  try {
    await action;
  } catch (error) {
    toast(problemText(error), {isProblem: true});
  }
}

/**
 * Open a dialog that is loaded when it is first needed.
 * @template M
 * @param {() => Promise<M>} load
 * @param {(view: M) => void} open
 */
async function show(load, open) {
  const view = await later(load);
  if (view) open(view);
}

/**
 * @param {App} app
 * @param {Message} message
 * @param {AbortSignal} signal
 */
async function remove(app, message, signal) {
  const isMine = message.user.id === app.store.get().account?.id;
  const agreed = await confirmDialog({
    title: t("messages.delete_title"),
    text: t(isMine ? "messages.delete_text" : "messages.delete_text_other", {name: nameOf(message.user)}),
    action: t("messages.delete"),
    isDangerous: true,
    signal,
  });
  if (agreed) await attempt(deleteMessage(app, message));
}

/**
 * @param {App} app
 * @param {Message} message
 * @param {boolean} isBlocked
 * @param {AbortSignal} signal
 */
async function block(app, {user}, isBlocked, signal) {
  const agreed = !isBlocked || (await confirmBlock(user, signal));
  if (agreed) await attempt(setBlocked(app, user, isBlocked));
}
