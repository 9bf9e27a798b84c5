/**
 * Who is in a room: a list that grows while the user scrolls, with roles and what may be done; adding people; bans.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../api/types.js").Participant} Participant
 */
import {loadMoreParticipants, loadParticipants} from "../../actions/participants.js";
import {problemText} from "../../actions/problems.js";
import {rightsIn, rightsOver} from "../../store/participants.js";
import {nameOf} from "../../store/people.js";
import {matches} from "../../text/fold.js";
import {t} from "../../texts/texts.js";
import {iconButton} from "../../ui/controls.js";
import {fill, h, keyedList, setText} from "../../ui/dom.js";
import {icon} from "../../ui/icons.js";
import {openMenu} from "../../ui/menu.js";
import {openAddPeople} from "../dialogs/add_people.js";
import {openBans} from "../dialogs/bans.js";
import {openPersonCard} from "../dialogs/person_card.js";
import {failure} from "../loading.js";
import {roleActions} from "../participant_actions.js";
import {personRow} from "../person_row.js";

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function members(app, room, signal) {
  const {store} = app;
  const problem = h("p", {class: "form-problem", role: "alert"});
  const fail = (/** @type {unknown} */ error) => setText(problem, problemText(error));
  const buttons = h("div", {class: "details-buttons"});
  const filter = h("input", {
    type: "search",
    class: "input chooser-input",
    "aria-label": t("members.filter"),
    placeholder: t("members.filter"),
    oninput: () => void filterChanged(),
  });
  const list = h("ul", {class: "people", "aria-label": t("details.members")});
  const note = h("div", {class: "chooser-note", role: "status"}, t("app.loading"));
  const end = h("div", {class: "list-end"});
  const showRows = keyedList({
    parent: list,
    key: (/** @type {Participant} */ person) => person.id,
    make: (person, gone) => memberRow(app, room, person, fail, gone),
    signal,
  });
  let isLoading = false;

  function show() {
    const state = store.get();
    const known = state.participants.get(room);
    if (!known) return;
    const wanted = filter.value.trim();
    const shown = known.people.filter((one) => wanted === "" || matches(`${one.full_name} @${one.username}`, wanted));
    showRows(shown);
    if (!isLoading) fill(note, shown.length === 0 && t("members.none_found"));
  }

  /** @param {() => Promise<unknown>} run */
  async function load(run) {
    if (isLoading) return;
    isLoading = true;
    fill(note, t("app.loading"));
    try {
      await run();
      fill(note);
    } catch (error) {
      if (signal.aborted) return;
      fill(note, ...failure(error, () => load(run)));
      return;
    } finally {
      isLoading = false;
    }
    show();
  }

  /** The filter searches everybody, so it loads the rest of the list. */
  async function filterChanged() {
    show();
    while (filter.value.trim() !== "" && store.get().participants.get(room)?.next && !isLoading && !signal.aborted) {
      await load(() => loadMoreParticipants(app, room));
    }
  }

  const sight = new IntersectionObserver((seen) => {
    const more = seen.some(({isIntersecting}) => isIntersecting) && store.get().participants.get(room)?.next;
    if (more) void load(() => loadMoreParticipants(app, room)).then(watchEnd);
  });
  /** Look again whether the end is in sight: a short page does not move it out. */
  function watchEnd() {
    sight.unobserve(end);
    if (!signal.aborted) sight.observe(end);
  }
  signal.addEventListener("abort", () => sight.disconnect());

  store.watch((state) => state.participants.get(room), show, signal);
  store.watch(
    (state) => state.rooms.get(room)?.role,
    () => {
      const known = store.get().rooms.get(room);
      const rights = known && rightsIn(known);
      fill(
        buttons,
        rights?.addPeople && button("user-plus", t("members.add"), () => void openAddPeople(app, room)),
        rights?.addPeople && button("ban", t("members.bans"), () => void openBans(app, room)),
      );
    },
    signal,
  );
  void load(() => loadParticipants(app, room)).then(watchEnd);
  return h(
    "div",
    {class: "details"},
    buttons,
    h("div", {class: "chooser-field"}, icon("search"), filter),
    problem,
    list,
    note,
    end,
  );
}

/**
 * @param {import("../../ui/icons.js").IconName} sign
 * @param {string} label
 * @param {() => void} onclick
 */
function button(sign, label, onclick) {
  return h("button", {type: "button", class: "button", onclick}, icon(sign), label);
}

/**
 * @param {App} app
 * @param {number} roomId
 * @param {Participant} first
 * @param {(error: unknown) => void} fail
 * @param {AbortSignal} signal
 */
function memberRow(app, roomId, first, fail, signal) {
  const {store} = app;
  let participant = first;
  const element = h("li");
  const role = h("span", {class: "role"});
  const more = iconButton("more", "", openActions, {"aria-haspopup": "menu", "aria-expanded": false});

  function actions() {
    const room = store.get().rooms.get(roomId);
    if (!room) return [];
    return roleActions(app, room, participant, rightsOver(room, participant, store.get().account?.id));
  }

  function openActions() {
    openMenu(
      more,
      actions().map((action) => ({...action, run: () => void action.run().catch(fail)})),
      {signal},
    );
  }

  function show() {
    const person = store.get().people.get(participant.id) ?? participant;
    const isMe = participant.id === store.get().account?.id;
    setText(role, participant.role === "member" ? "" : t(`roles.${participant.role}`));
    role.dataset.role = participant.role;
    const label = t("members.actions", {name: nameOf(person)});
    more.setAttribute("aria-label", label);
    more.title = label;
    const hadFocus = element.contains(document.activeElement);
    const wasMore = document.activeElement === more;
    const row = personRow(person, {
      note: isMe ? t("person.you") : undefined,
      end: [role, actions().length > 0 ? more : null],
      onclick: () => void openPersonCard(app, person, {room: roomId}),
    });
    fill(element, row);
    if (hadFocus) (wasMore && more.isConnected ? more : row.querySelector("button"))?.focus();
  }

  store.watch((state) => state.people.get(participant.id), show, signal);
  store.watch((state) => state.rooms.get(roomId)?.role, show, signal);
  return {
    element,
    /** @param {Participant} next */
    update(next) {
      participant = next;
      show();
    },
  };
}
