/**
 * The dialog that finds a person and opens the direct chat with them.
 *
 * @typedef {import("../../app.js").App} App
 */
import {findPeople} from "../../actions/finding.js";
import {problemText} from "../../actions/problems.js";
import {openDirectChat} from "../../actions/room_making.js";
import {t} from "../../texts/texts.js";
import {chooser} from "../../ui/chooser.js";
import {openDialog} from "../../ui/dialog.js";
import {h, setText} from "../../ui/dom.js";
import {nobodyFound} from "../people_picker.js";
import {personRow} from "../person_row.js";

/** @param {App} app */
export function openNewChat(app) {
  return openDialog({
    title: t("new_chat.title"),
    className: "dialog-tall",
    content(_close, signal) {
      const problem = h("p", {class: "form-problem", role: "alert"});
      let isOpening = false;

      /** @param {number} user */
      async function open(user) {
        if (isOpening) return;
        isOpening = true;
        setText(problem, "");
        try {
          await openDirectChat(app, user); // closes the dialog
        } catch (error) {
          setText(problem, problemText(error));
        } finally {
          isOpening = false;
        }
      }

      const list = chooser({
        label: t("people.search"),
        search: (text, end, show) =>
          findPeople(app, text, end, (people) =>
            show(people.map((person) => ({key: String(person.id), value: person}))),
          ),
        make: (person) => personRow(person),
        onchoose: (person) => void open(person.id),
        empty: (text) => nobodyFound(app, text),
        problem: problemText,
        signal,
      });
      void list.run();
      queueMicrotask(() => list.input.focus());
      return [problem, list.element];
    },
  });
}
