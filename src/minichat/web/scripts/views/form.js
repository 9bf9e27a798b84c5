/**
 * A form: its fields by the names that the API gives them, a place for a problem that concerns no field, and one request
 * at a time. Nothing typed is lost when the server refuses it.
 *
 * @typedef {object} FormField
 * @property {HTMLElement} element
 * @property {HTMLElement} input
 * @property {(text: string) => void} setProblem
 */
import {fieldProblem, problemText} from "../actions/problems.js";
import {t} from "../texts/texts.js";
import {h, setText} from "../ui/dom.js";

/**
 * @param {object} parts
 * @param {Record<string, FormField>} parts.fields
 * @param {string} parts.action What the button says.
 * @param {() => Promise<unknown>} parts.send Throws what the server refuses.
 * @param {() => void} [parts.onCancel] Adds a button that cancels.
 * @param {boolean} [parts.isDangerous]
 * @param {boolean} [parts.areElementsElsewhere] The caller has put the fields into `content`.
 * @param {import("../ui/dom.js").Child[]} [parts.content] Stands above the fields.
 */
export function formOf({
  fields,
  action,
  send,
  onCancel,
  isDangerous = false,
  areElementsElsewhere = false,
  content = [],
}) {
  const problem = h("p", {class: "form-problem", role: "alert"});
  const button = h("button", {type: "submit", class: `button is-main ${isDangerous ? "is-dangerous" : ""}`}, action);
  const element = h(
    "form",
    {class: "form", novalidate: true, onsubmit},
    ...content,
    ...(areElementsElsewhere ? [] : Object.values(fields).map((one) => one.element)),
    problem,
    h(
      "div",
      {class: "dialog-actions"},
      onCancel && h("button", {type: "button", class: "button", onclick: onCancel}, t("app.cancel")),
      button,
    ),
  );
  let isSending = false;

  /** @param {Event} event */
  async function onsubmit(event) {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    button.setAttribute("aria-disabled", "true"); // a disabled button would lose the focus
    clear();
    try {
      await send();
    } catch (error) {
      showProblem(error);
    } finally {
      isSending = false;
      button.removeAttribute("aria-disabled");
    }
  }

  function clear() {
    setText(problem, "");
    for (const one of Object.values(fields)) one.setProblem("");
  }

  /** @param {unknown} error */
  function showProblem(error) {
    clear();
    const wrong = Object.entries(fields).filter(([name]) => fieldProblem(error, name) !== "");
    for (const [name, one] of wrong) one.setProblem(fieldProblem(error, name));
    if (wrong.length === 0) setText(problem, problemText(error));
    wrong[0]?.[1].input.focus();
  }

  return {element, button, showProblem};
}

/**
 * Run an action of a button: one at a time, and a refusal is shown by `onProblem`.
 * @param {HTMLElement} button
 * @param {() => Promise<unknown>} run
 * @param {(text: string) => void} onProblem
 */
export async function runOnce(button, run, onProblem) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    await run();
  } catch (error) {
    onProblem(problemText(error));
  } finally {
    button.removeAttribute("aria-disabled");
  }
}
