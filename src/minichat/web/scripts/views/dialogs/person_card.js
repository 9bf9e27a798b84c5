/**
 * The card of a person: who they are, a direct message, blocking, and what the user's role permits in the room where the
 * card was opened.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../ui/dom.js").Child} Child
 * @typedef {import("../../api/types.js").User} User
 * @typedef {import("../../api/types.js").Participant} Participant
 */
import {setBlocked} from "../../actions/blocks.js";
import {loadPerson} from "../../actions/finding.js";
import {findParticipant} from "../../actions/participants.js";
import {problemText} from "../../actions/problems.js";
import {openDirectChat} from "../../actions/room_making.js";
import {href} from "../../router.js";
import {isErased} from "../../store/finding.js";
import {rightsOver} from "../../store/participants.js";
import {nameOf} from "../../store/people.js";
import {directChatWith} from "../../store/rooms.js";
import {t} from "../../texts/texts.js";
import {openDialog} from "../../ui/dialog.js";
import {fill, h, setText} from "../../ui/dom.js";
import {icon} from "../../ui/icons.js";
import {userAvatar} from "../avatar.js";
import {confirmBlock} from "../blocking.js";
import {runOnce} from "../form.js";
import {roleActions} from "../participant_actions.js";
import {presenceText} from "../presence.js";

/**
 * @param {App} app
 * @param {User} user
 * @param {{room?: number}} [where]
 */
export function openPersonCard(app, user, {room} = {}) {
  return openDialog({
    title: t("person.title"),
    className: "dialog-person",
    content: (_close, signal) => personCard(app, user, room, signal),
  });
}

/**
 * @param {App} app
 * @param {User} first
 * @param {number | undefined} roomId
 * @param {AbortSignal} signal
 */
function personCard(app, first, roomId, signal) {
  const {store} = app;
  const {id} = first;
  const head = h("div", {class: "person-head"});
  const role = h("span", {class: "role person-role"});
  const actions = h("div", {class: "person-actions"});
  const problem = h("p", {class: "form-problem", role: "alert"});
  const show = (/** @type {string} */ text) => setText(problem, text);
  let isStranger = false; // of a server that shows people in shared rooms alone

  function showHead() {
    const person = store.get().people.get(id) ?? {...first, is_online: false, last_seen: null};
    const isMe = store.get().account?.id === id;
    const isOnline = person.is_online || isMe;
    fill(
      head,
      userAvatar(person, "large"),
      h("p", {class: "person-title", dir: "auto"}, nameOf(person)),
      h("p", {class: "quiet"}, h("bdi", null, `@${person.username}`)),
      isErased(person) || isStranger
        ? h("p", {class: "quiet"}, t(isErased(person) ? "person.erased" : "person.stranger"))
        : h(
            "p",
            {class: isOnline ? "person-presence is-online" : "person-presence"},
            isMe ? t("person.you") : presenceText(person),
          ),
    );
  }

  /** @param {import("../../store/state.js").State} state */
  const roleOf = (state) => state.participants.get(roomId ?? 0)?.people.find((one) => one.id === id);

  function showActions() {
    const state = store.get();
    const room = state.rooms.get(roomId ?? 0);
    const participant = roleOf(state);
    const isBlocked = state.blocked.has(id);
    if (isErased(state.people.get(id) ?? first)) return offer();
    if (id === state.account?.id) {
      const profile = href({page: "settings", section: "profile"});
      return offer(h("a", {class: "button is-wide", href: profile}, icon("edit"), t("person.edit")));
    }
    if (isStranger && !isBlocked) return offer();
    const block = isBlocked
      ? button("check", t("person.unblock"), () => setBlocked(app, first, false))
      : button("ban", t("person.block"), async () => {
          if (await confirmBlock(first)) await setBlocked(app, first, true);
        });
    role.dataset.role = participant?.role;
    setText(role, participant && participant.role !== "member" ? t(`roles.${participant.role}`) : "");
    offer(
      isBlocked && h("p", {class: "person-note"}, t("person.blocked_note")),
      !isStranger && messageAction(state),
      block,
      room && participant
        ? roleActions(app, room, participant, rightsOver(room, participant, state.account?.id)).map(
            ({label, sign, run, isDangerous}) => button(sign, label, run, isDangerous ? "is-dangerous" : ""),
          )
        : null,
    );
  }

  /**
   * Show other actions. The one with the focus keeps it, or the first takes it over.
   * @param {...(Child | Child[])} shown
   */
  function offer(...shown) {
    const held = actions.contains(document.activeElement) ? document.activeElement?.textContent : null;
    fill(actions, ...shown);
    if (held === null) return;
    const all = /** @type {HTMLElement[]} */ ([...actions.querySelectorAll("a, button")]);
    (all.find((one) => one.textContent === held) ?? all[0])?.focus({preventScroll: true});
  }

  /** What was said before a block can be read. @param {import("../../store/state.js").State} state */
  function messageAction(state) {
    if (!state.blocked.has(id)) return button("chat", t("person.message"), () => openDirectChat(app, id), "is-main");
    const chat = directChatWith(state, id);
    const address = chat && href({page: "room", room: chat.id});
    return address && h("a", {class: "button is-wide", href: address}, icon("chat"), t("person.chat"));
  }

  /**
   * @param {import("../../ui/icons.js").IconName} sign
   * @param {string} label
   * @param {() => Promise<unknown>} run
   * @param {string} [className]
   */
  function button(sign, label, run, className = "") {
    const element = h(
      "button",
      {
        type: "button",
        class: `button is-wide ${className}`,
        onclick() {
          show("");
          return runOnce(element, run, show);
        },
      },
      icon(sign),
      label,
    );
    return element;
  }

  store.watch((state) => state.people.get(id), showHead, signal);
  store.watch((state) => isErased(state.people.get(id) ?? first), showActions, signal);
  store.watch((state) => state.blocked, showActions, signal);
  store.watch((state) => state.rooms.get(roomId ?? 0)?.role, showActions, signal);
  store.watch(roleOf, showActions, signal);
  loadPerson(app, id, signal).catch((error) => {
    if (signal.aborted) return;
    if (error.status !== 404) return show(problemText(error));
    isStranger = store.get().info?.directory === "shared";
    showHead();
    showActions();
  });
  if (roomId !== undefined) {
    findParticipant(app, roomId, id, signal).catch(() => {}); // the card shows no role then
  }
  return [head, role, problem, actions];
}
