/**
 * The dialog that chooses the author of the messages to search for.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../store/state.js").Person} Person
 */
import {findPeople} from "../../actions/finding.js";
import {problemText} from "../../actions/problems.js";
import {t} from "../../texts/texts.js";
import {chooser} from "../../ui/chooser.js";
import {openDialog} from "../../ui/dialog.js";
import {h} from "../../ui/dom.js";
import {nobodyFound} from "../people_picker.js";
import {personRow} from "../person_row.js";

/**
 * Resolves to the person, to null for anybody, or to undefined if the user dismissed the dialog.
 * @param {App} app
 * @param {AbortSignal} signal
 * @returns {Promise<Person | null | undefined>}
 */
export function chooseAuthor(app, signal) {
  return openDialog({
    title: t("search.author"),
    signal,
    content(/** @type {(value?: Person | null) => void} */ close, end) {
      const list = chooser({
        label: t("search.author"),
        placeholder: t("people.search"),
        search: (text, mine, show) => {
          const {account} = app.store.get();
          const me = account && app.store.get().people.get(account.id);
          return findPeople(app, text, mine, (people) =>
            show((me && text === "" ? [me, ...people] : people).map((value) => ({key: String(value.id), value}))),
          );
        },
        make: (/** @type {Person} */ person) => personRow(person),
        onchoose: close,
        empty: (text) => nobodyFound(app, text),
        problem: problemText,
        signal: end,
      });
      void list.run();
      queueMicrotask(() => list.input.focus());
      const anybody = h(
        "button",
        {type: "button", class: "button", onclick: () => close(null)},
        t("search.from_anybody"),
      );
      return [list.element, anybody];
    },
  });
}
