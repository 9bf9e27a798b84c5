/**
 * Small controls that every view shares: buttons with a sign, fields with a label and a problem.
 */
import {h, setAttributes, setText} from "./dom.js";
import {icon} from "./icons.js";

/**
 * A button that shows a sign alone. Its label is its name and its tooltip.
 * @param {import("./icons.js").IconName} sign
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {import("./dom.js").Attributes} [attributes]
 */
export function iconButton(sign, label, onclick, attributes) {
  return h(
    "button",
    {type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...attributes},
    icon(sign),
  );
}

let fields = 0;

/**
 * A labelled input with a hint and a place for its problem.
 * @param {object} field
 * @param {string} field.label
 * @param {string} [field.hint]
 * @param {import("./dom.js").Attributes} [field.attributes] Of the input.
 * @param {HTMLElement} [field.input] Another control than an input of text.
 */
export function field({label, hint = "", attributes, input = h("input", {type: "text", class: "input"})}) {
  fields += 1;
  const id = `field-${fields}`;
  const note = h("p", {class: "field-hint", id: `${id}-hint`, hidden: hint === ""}, hint);
  const problem = h("p", {class: "field-problem", id: `${id}-problem`, role: "alert"});
  setAttributes(input, {id, "aria-describedby": `${id}-hint ${id}-problem`, ...attributes});
  const element = h("div", {class: "field"}, h("label", {for: id, class: "field-label"}, label), input, note, problem);
  return {
    element,
    input: /** @type {HTMLInputElement} */ (input),
    /** Show a problem; an empty text removes it. @param {string} text */
    setProblem(text) {
      setText(problem, text);
      setAttributes(input, {"aria-invalid": text === "" ? null : "true"});
    },
  };
}
