/**
 * Choices: one of a few as radio buttons, one of many as a list that drops down, and a switch.
 */
import {field} from "./controls.js";
import {h, setText} from "./dom.js";

let groups = 0;

/**
 * Radio buttons, each with a sentence that explains it.
 * @template {string} T
 * @param {object} choice
 * @param {string} choice.label
 * @param {readonly {value: T, label: string, hint?: string}[]} choice.options
 * @param {T} choice.value
 * @param {boolean} [choice.isDisabled]
 * @param {(value: T) => void} [choice.onchoose]
 */
export function radioGroup({label, options, value, isDisabled = false, onchoose}) {
  groups += 1;
  const name = `choice-${groups}`;
  const problem = h("p", {class: "field-problem", role: "alert"});
  const inputs = options.map((option) =>
    h("input", {
      type: "radio",
      name,
      value: option.value,
      checked: option.value === value,
      disabled: isDisabled,
      onchange: () => onchoose?.(option.value),
    }),
  );
  const element = h(
    "fieldset",
    {class: "choice"},
    h("legend", {class: "field-label"}, label),
    ...options.map((option, place) =>
      h(
        "label",
        {class: "choice-option"},
        inputs[place],
        h(
          "span",
          {class: "choice-text"},
          option.label,
          option.hint ? h("span", {class: "field-hint"}, option.hint) : null,
        ),
      ),
    ),
    problem,
  );
  return {
    element,
    input: /** @type {HTMLElement} */ (inputs[0]),
    get value() {
      return /** @type {T} */ (inputs.find((input) => input.checked)?.value ?? value);
    },
    /** @param {T} next */
    set value(next) {
      for (const input of inputs) input.checked = input.value === next;
    },
    /** @param {string} text */
    setProblem: (text) => setText(problem, text),
  };
}

/**
 * A list that drops down.
 * @param {object} choice
 * @param {string} choice.label
 * @param {string} [choice.hint]
 * @param {readonly {value: string, label: string}[]} choice.options
 * @param {string} choice.value
 */
export function selectField({label, hint, options, value}) {
  const input = h(
    "select",
    {class: "input"},
    ...options.map((option) => h("option", {value: option.value, selected: option.value === value}, option.label)),
  );
  const made = field({label, hint, input});
  return {
    ...made,
    get value() {
      return input.value;
    },
  };
}

/**
 * A box to tick, with a sentence that explains it.
 * @param {{label: string, hint?: string, isOn: boolean, isDisabled?: boolean}} choice
 */
export function switchField({label, hint = "", isOn, isDisabled = false}) {
  const input = h("input", {type: "checkbox", role: "switch", class: "switch", checked: isOn, disabled: isDisabled});
  const problem = h("p", {class: "field-problem", role: "alert"});
  const element = h(
    "div",
    {class: "choice"},
    h(
      "label",
      {class: "choice-option"},
      h("span", {class: "choice-text"}, label, hint === "" ? null : h("span", {class: "field-hint"}, hint)),
      input,
    ),
    problem,
  );
  return {
    element,
    input: /** @type {HTMLElement} */ (input),
    get isOn() {
      return input.checked;
    },
    /** @param {string} text */
    setProblem: (text) => setText(problem, text),
  };
}
