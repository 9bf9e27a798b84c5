/**
 * Chooses people: a field that searches, and the chosen ones as chips that can be removed.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Person} Person
 */
import {findPeople} from "../actions/finding.js";
import {problemText} from "../actions/problems.js";
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {chooser} from "../ui/chooser.js";
import {h, keyedList, setText} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {userAvatar} from "./avatar.js";
import {personRow} from "./person_row.js";

/**
 * What to say if a search found nobody.
 * @param {App} app
 * @param {string} text
 */
export function nobodyFound(app, text) {
  const isShared = app.store.get().info?.directory === "shared";
  if (text === "") return t(isShared ? "people.shared_hint" : "people.search_hint");
  return t(isShared ? "people.none_found_shared" : "people.none_found", {name: text});
}

/**
 * @param {App} app
 * @param {object} how
 * @param {string} how.label
 * @param {ReadonlySet<number>} [how.excluded] These people are never offered.
 * @param {(people: readonly Person[]) => void} [how.onchange]
 * @param {AbortSignal} how.signal
 */
export function peoplePicker(app, {label, excluded = new Set(), onchange, signal}) {
  /** @type {readonly Person[]} */
  let chosen = [];
  const chips = h("ul", {class: "chips", "aria-label": t("people.chosen"), hidden: true});
  const problem = h("p", {class: "field-problem", role: "alert"});
  const showChips = keyedList({
    parent: chips,
    key: (/** @type {Person} */ person) => person.id,
    make: (person) => ({element: chip(person)}),
    signal,
  });

  /** @param {Person} person */
  function chip(person) {
    return h(
      "li",
      {class: "chip"},
      userAvatar(person, "tiny"),
      h("span", {class: "chip-name", dir: "auto"}, nameOf(person)),
      h(
        "button",
        {
          type: "button",
          class: "chip-remove",
          "aria-label": t("people.remove_chosen", {name: nameOf(person)}),
          onclick: () => toggle(person),
        },
        icon("close"),
      ),
    );
  }

  /** @param {Person} person */
  function toggle(person) {
    const isChosen = chosen.some(({id}) => id === person.id);
    chosen = isChosen ? chosen.filter(({id}) => id !== person.id) : [...chosen, person];
    chips.hidden = chosen.length === 0;
    showChips(chosen);
    setText(problem, "");
    onchange?.(chosen);
    void list.clear();
    list.input.focus();
  }

  const list = chooser({
    label,
    placeholder: t("people.search"),
    search: (text, end, show) =>
      findPeople(app, text, end, (people) =>
        show(
          people
            .filter(({id}) => !excluded.has(id))
            .map((person) => ({
              key: String(person.id),
              value: person,
              isChosen: chosen.some(({id}) => id === person.id),
            })),
        ),
      ),
    make: (person) => personRow(person),
    onchoose: toggle,
    empty: (text) => nobodyFound(app, text),
    problem: problemText,
    onBackspace: () => {
      const last = chosen.at(-1);
      if (last) toggle(last);
    },
    isMultiple: true,
    signal,
  });
  void list.run();

  return {
    element: h("div", {class: "field"}, h("span", {class: "field-label"}, label), chips, list.element, problem),
    input: /** @type {HTMLElement} */ (list.input),
    ids: () => chosen.map(({id}) => id),
    chosen: () => chosen,
    /** Take a person back. @param {Person} person */
    remove(person) {
      chosen = chosen.filter(({id}) => id !== person.id);
      chips.hidden = chosen.length === 0;
      showChips(chosen);
    },
    /** @param {string} text */
    setProblem: (text) => setText(problem, text),
  };
}
