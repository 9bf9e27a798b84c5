/**
 * A field for a password, with a button that shows what was typed.
 */
import {t} from "../texts/texts.js";
import {field} from "./controls.js";
import {h, setAttributes} from "./dom.js";
import {icon} from "./icons.js";

/**
 * @param {object} parts
 * @param {string} parts.label
 * @param {string} [parts.hint]
 * @param {import("./dom.js").Attributes} [parts.attributes] Of the input.
 */
export function passwordField({label, hint, attributes}) {
  const input = h("input", {type: "password", class: "input"});
  const made = field({label, hint, input, attributes: {required: true, ...attributes}});
  const box = h("div", {class: "password"});
  input.replaceWith(box);
  const button = h("button", {
    type: "button",
    class: "icon-button password-show",
    onclick: () => show(input.type === "password"),
  });

  /** @param {boolean} isShown */
  function show(isShown) {
    input.type = isShown ? "text" : "password";
    const name = t(isShown ? "welcome.hide_password" : "welcome.show_password");
    setAttributes(button, {"aria-label": name, title: name, "aria-pressed": isShown});
    button.replaceChildren(icon(isShown ? "eye-off" : "eye"));
  }

  box.append(input, button);
  show(false);
  return {
    ...made,
    /** Forget what was typed. */
    clear() {
      input.value = "";
      show(false);
    },
  };
}
