/**
 * The quick switcher: goes to a chat, a person or a public room by a few letters.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../store/state.js").Person} Person
 * @typedef {import("../../store/state.js").Room} Room
 * @typedef {{room: Room} | {person: Person} | {card: Room}} Found
 */
import {findEverything, openFound} from "../../actions/finding.js";
import {problemText} from "../../actions/problems.js";
import {openDirectChat} from "../../actions/room_making.js";
import {go} from "../../router.js";
import {t} from "../../texts/texts.js";
import {chooser} from "../../ui/chooser.js";
import {openDialog} from "../../ui/dialog.js";
import {h, setText} from "../../ui/dom.js";
import {roomAvatar} from "../avatar.js";
import {personRow} from "../person_row.js";

let isOpen = false;

/** @param {App} app */
export async function openSwitcher(app) {
  if (isOpen) return;
  isOpen = true;
  await openDialog({
    title: t("switcher.title"),
    className: "dialog-tall",
    content(_close, signal) {
      const problem = h("p", {class: "form-problem", role: "alert"});

      /** @param {Found} found */
      async function open(found) {
        setText(problem, "");
        if ("room" in found) return go({page: "room", room: found.room.id});
        if ("card" in found) return openFound(app, found.card);
        try {
          await openDirectChat(app, found.person.id);
        } catch (error) {
          setText(problem, problemText(error));
        }
      }

      /** @param {string} text */
      function nothingFound(text) {
        if (text === "") return t("rooms.empty_hint");
        const none = t("switcher.none", {name: text});
        return app.store.get().info?.directory === "shared" ? `${none} ${t("people.shared_hint")}` : none;
      }

      const list = chooser({
        label: t("switcher.label"),
        search: (text, end, show) =>
          findEverything(app, text, end, ({rooms, people, cards}) =>
            show([
              ...rooms.map((room) => ({
                key: `room ${room.id}`,
                section: t("switcher.rooms"),
                value: /** @type {Found} */ ({room}),
              })),
              ...people.map((person) => ({
                key: `person ${person.id}`,
                section: t("switcher.people"),
                value: /** @type {Found} */ ({person}),
              })),
              ...cards.map((card) => ({
                key: `card ${card.id}`,
                section: t("switcher.public"),
                value: /** @type {Found} */ ({card}),
              })),
            ]),
          ),
        make: (found) =>
          "person" in found ? personRow(found.person) : roomLine(app, "room" in found ? found.room : found.card),
        onchoose: (found) => void open(found),
        empty: nothingFound,
        problem: problemText,
        signal,
      });
      void list.run();
      queueMicrotask(() => list.input.focus());
      return [problem, list.element];
    },
  });
  isOpen = false;
}

/**
 * @param {App} app
 * @param {Room} room
 */
function roomLine(app, room) {
  const unread = room.unread_count > 0 && room.role !== null;
  return h(
    "div",
    {class: "person-row"},
    h(
      "span",
      {class: "person-main"},
      roomAvatar(room, app.store.get().account?.id, "middle"),
      h(
        "span",
        {class: "person-lines"},
        h("span", {class: "person-name", dir: "auto"}, room.name),
        room.kind === "group"
          ? h("span", {class: "person-line"}, t("room.members", {count: room.participants_count}))
          : null,
      ),
    ),
    unread ? h("span", {class: "badge"}, room.unread_count > 999 ? "999+" : String(room.unread_count)) : null,
  );
}
