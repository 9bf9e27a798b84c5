/**
 * The form of a visitor's page: one request at a time, and each refusal at its field.
 */
import {fieldProblem, problemText} from "../actions/problems.js";
import {t} from "../texts/texts.js";
import {h, setText} from "../ui/dom.js";
import {logo} from "./logo.js";

/**
 * @param {object} parts
 * @param {string} [parts.note]
 * @param {"h1" | "h2"} [parts.level] Of the title.
 * @param {string} parts.title
 * @param {string} [parts.about]
 * @param {string} parts.action
 * @param {Record<string, import("./form.js").FormField>} parts.fields By the name that the API gives the field.
 * @param {() => Promise<unknown>} parts.send
 * @param {(string | Node)[]} parts.other The way to the other form.
 */
export function accountForm({
  note: firstNote = "",
  level = "h1",
  title,
  about = t("welcome.about"),
  action,
  fields,
  send,
  other: way,
}) {
  const problem = h("p", {class: "form-problem", role: "alert"});
  const button = h("button", {type: "submit", class: "button is-main is-wide"}, action);
  const note = h("p", {class: "welcome-note", role: "status"});
  const other = h("p", {class: "welcome-other"}, way[0], " ", ...way.slice(1));
  const parts = Object.values(fields).map((one) => one.element);

  /** @param {SubmitEvent} event */
  async function onsubmit(event) {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true" || button.hidden) return;
    button.setAttribute("aria-disabled", "true"); // a disabled button would lose the focus
    setText(problem, "");
    for (const one of Object.values(fields)) one.setProblem("");
    try {
      await send();
    } catch (error) {
      showProblem(error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  /** @param {unknown} error */
  function showProblem(error) {
    const wrong = Object.entries(fields).filter(([name]) => fieldProblem(error, name) !== "");
    for (const [name, one] of wrong) one.setProblem(fieldProblem(error, name));
    if (wrong.length === 0) setText(problem, problemText(error));
    (wrong[0]?.[1] ?? fields.password ?? Object.values(fields)[0]).input.focus();
  }

  /** @param {string} text */
  function showNote(text) {
    setText(note, text);
    note.hidden = text === "";
  }

  /** Show the fields and the button, or hide what can't be used. @param {boolean} isUsable */
  function setUsable(isUsable) {
    for (const [name, one] of Object.entries(fields)) if (name !== "invite") one.element.hidden = !isUsable;
    button.hidden = !isUsable;
  }

  showNote(firstNote);
  const element = h(
    "form",
    {class: "welcome-form", novalidate: true, onsubmit},
    logo(),
    h(level, {class: "welcome-title", tabindex: -1}, title),
    h("p", {class: "welcome-about"}, about),
    note,
    ...parts,
    problem,
    button,
    other,
  );
  return {element, other, showNote, setUsable};
}
