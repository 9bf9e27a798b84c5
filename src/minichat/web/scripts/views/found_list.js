/**
 * What a search finds besides the user's rooms: people and public rooms, below the list of rooms.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Person} Person
 * @typedef {import("../store/state.js").Room} Room
 */
import {findEverything, openFound} from "../actions/finding.js";
import {keepSearch} from "../actions/finding_messages.js";
import {problemText} from "../actions/problems.js";
import {openDirectChat} from "../actions/room_making.js";
import {go, href} from "../router.js";
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {toast} from "../ui/toast.js";
import {roomAvatar, userAvatar} from "./avatar.js";
import {runOnce} from "./form.js";

const PAUSE_MS = 250;
const SHOWN = 8;

/**
 * @param {App} app
 * @param {() => void} onchange Run when other rows are shown.
 * @param {AbortSignal} signal
 */
export function foundList(app, onchange, signal) {
  const element = h("div", {class: "found"});
  let wanted = "";
  let last = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", stop);

  function stop() {
    clearTimeout(timer);
    last.abort();
  }

  /** @param {string} text */
  async function run(text) {
    last = new AbortController();
    const mine = AbortSignal.any([signal, last.signal]);
    try {
      await findEverything(app, text, mine, ({rooms, people, cards}) => {
        const mineIds = app.store.get().rooms;
        if (!mine.aborted)
          show(
            rooms.filter(({id}) => !mineIds.has(id)),
            people,
            cards,
          );
      });
    } catch (error) {
      if (!mine.aborted) fill(element, h("p", {class: "found-problem", role: "status"}, problemText(error)));
    }
  }

  /**
   * @param {readonly Room[]} rooms
   * @param {readonly Person[]} people
   * @param {readonly Room[]} cards
   */
  function show(rooms, people, cards) {
    fill(
      element,
      section(t("switcher.people"), people.slice(0, SHOWN).map(personItem)),
      section(t("switcher.public"), [...rooms, ...cards].slice(0, SHOWN).map(roomItem)),
      messagesLink(wanted),
    );
    onchange();
  }

  /** @param {string} text */
  function messagesLink(text) {
    const open = () => {
      keepSearch(app, {...app.store.get().search, q: text});
      go({page: "search"});
    };
    return h(
      "button",
      {type: "button", class: "room-row found-messages", onclick: open},
      icon("search"),
      h("span", {class: "room-name"}, t("switcher.messages", {text})),
    );
  }

  /** @param {Person} person */
  function personItem(person) {
    const button = h(
      "button",
      {
        type: "button",
        class: "room-row",
        onclick: () =>
          runOnce(
            button,
            () => openDirectChat(app, person.id),
            (text) => toast(text, {isProblem: true}),
          ),
      },
      userAvatar(person, "middle"),
      lines(nameOf(person), `@${person.username}`),
    );
    return h("li", null, button);
  }

  /** @param {Room} room */
  function roomItem(room) {
    /** @param {MouseEvent} event */
    function open(event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      openFound(app, room);
    }
    return h(
      "li",
      null,
      h(
        "a",
        {class: "room-row", href: href({page: "room", room: room.id}), onclick: open},
        roomAvatar(room, undefined, "middle"),
        lines(room.name, t("room.members", {count: room.participants_count})),
      ),
    );
  }

  return {
    element,
    /** Search. An empty text finds nothing. @param {string} text */
    search(text) {
      stop();
      wanted = text;
      if (text === "") fill(element);
      else timer = setTimeout(() => void run(text), PAUSE_MS);
    },
  };
}

/**
 * @param {string} name
 * @param {string} line
 */
function lines(name, line) {
  return h(
    "span",
    {class: "room-lines"},
    h("span", {class: "room-name", dir: "auto"}, name),
    h("span", {class: "room-preview"}, h("bdi", null, line)),
  );
}

/**
 * @param {string} title
 * @param {HTMLElement[]} items
 */
function section(title, items) {
  if (items.length === 0) return null;
  return h("section", {"aria-label": title}, h("h2", {class: "rooms-section"}, title), h("ul", null, ...items));
}
