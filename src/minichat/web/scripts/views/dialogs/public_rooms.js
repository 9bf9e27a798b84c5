/**
 * The dialog that lists the public rooms that the user could join.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../api/types.js").Room} Room
 */
import {findPublicRooms, openFound} from "../../actions/finding.js";
import {joinRoom} from "../../actions/rooms.js";
import {go, href} from "../../router.js";
import {t} from "../../texts/texts.js";
import {openDialog} from "../../ui/dialog.js";
import {fill, h, keyedList, setText} from "../../ui/dom.js";
import {icon} from "../../ui/icons.js";
import {roomAvatar} from "../avatar.js";
import {runOnce} from "../form.js";
import {failure} from "../loading.js";

const PAUSE_MS = 200;

/** @param {App} app */
export function openPublicRooms(app) {
  return openDialog({
    title: t("public_rooms.title"),
    className: "dialog-tall",
    content: (_close, signal) => publicRooms(app, signal),
  });
}

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
function publicRooms(app, signal) {
  const input = h("input", {
    type: "search",
    class: "input chooser-input",
    "aria-label": t("public_rooms.search"),
    placeholder: t("public_rooms.search"),
    oninput: plan,
  });
  const list = h("ul", {class: "cards", "aria-label": t("public_rooms.title")});
  const note = h("div", {class: "chooser-note", role: "status"});
  const more = h("button", {type: "button", class: "button", hidden: true, onclick: () => load(next)}, t("app.more"));
  const showRows = keyedList({
    parent: list,
    key: (/** @type {Room} */ room) => room.id,
    make: (room) => ({element: roomCard(app, room)}),
    signal,
  });
  /** @type {Room[]} */
  let rooms = [];
  /** @type {Record<string, string> | undefined} */
  let next;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let last = new AbortController();
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    last.abort();
  });
  queueMicrotask(() => input.focus());

  function plan() {
    clearTimeout(timer);
    timer = setTimeout(() => void load(undefined), PAUSE_MS);
  }

  /** @param {Record<string, string> | undefined} query Of the page; undefined for the first. */
  async function load(query) {
    last.abort();
    last = new AbortController();
    const end = AbortSignal.any([signal, last.signal]);
    const text = input.value.trim();
    fill(note, t("app.loading"));
    try {
      const page = await findPublicRooms(app, text, end, query);
      const known = new Set(query ? rooms.map(({id}) => id) : []);
      rooms = [...(query ? rooms : []), ...page.items.filter(({id}) => !known.has(id))];
      next = page.next ?? undefined;
      showRows(rooms);
      more.hidden = next === undefined;
      fill(note, rooms.length === 0 && t(text === "" ? "public_rooms.none" : "public_rooms.none_found"));
    } catch (error) {
      if (end.aborted) return;
      fill(note, ...failure(error, () => load(query)));
    }
  }

  void load(undefined);
  return [h("div", {class: "chooser-field"}, icon("search"), input), list, note, more];
}

/**
 * @param {App} app
 * @param {Room} room
 */
function roomCard(app, room) {
  /** @param {MouseEvent} event */
  function open(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openFound(app, room);
  }
  const problem = h("p", {class: "field-problem", role: "alert"});
  const join = h("button", {
    type: "button",
    class: "button is-main",
    onclick: () =>
      runOnce(
        join,
        async () => {
          await joinRoom(app, room.id);
          go({page: "room", room: room.id});
        },
        (text) => setText(problem, text),
      ),
  });
  fill(join, t("public_rooms.join"), h("span", {class: "only-heard"}, ` ${room.name}`));
  return h(
    "li",
    {class: "card"},
    roomAvatar(room, undefined),
    h(
      "div",
      {class: "card-lines"},
      h("a", {class: "card-name", dir: "auto", href: href({page: "room", room: room.id}), onclick: open}, room.name),
      room.description === "" ? null : h("p", {class: "card-text", dir: "auto"}, room.description),
      h("p", {class: "quiet"}, t("room.members", {count: room.participants_count})),
      problem,
    ),
    join,
  );
}
