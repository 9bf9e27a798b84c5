/**
 * Modal dialogs on the browser's own <dialog>: it keeps the focus inside, closes on Escape, and returns the focus. On a
 * phone they fill the screen, and Back closes them.
 */
import {t} from "../texts/texts.js";
import {iconButton} from "./controls.js";
import {h} from "./dom.js";
import {addLayer, goTo} from "./layers.js";
import {keepToasts} from "./toast.js";

let dialogs = 0;

/**
 * Open a dialog. Resolves with the value given to `close`, or undefined if the user dismissed it.
 * @template T
 * @param {object} dialog
 * @param {string} dialog.title
 * @param {(close: (value?: T) => void, signal: AbortSignal) => import("./dom.js").Child | import("./dom.js").Child[]} dialog.content
 * @param {string} [dialog.className]
 * @param {AbortSignal} [dialog.signal] Closes the dialog when it aborts.
 * @returns {Promise<T | undefined>}
 */
export function openDialog({title, content, className = "", signal}) {
  return new Promise((resolve) => {
    const end = new AbortController();
    /** @type {T | undefined} */
    let result;
    dialogs += 1;
    const heading = h("h2", {class: "dialog-title", id: `dialog-${dialogs}`}, title);
    const element = h("dialog", {class: `dialog ${className}`, "aria-labelledby": heading.id});

    /** @param {T} [value] */
    function close(value) {
      result = value;
      element.close();
    }

    const body = [content(close, end.signal)].flat();
    element.append(
      h(
        "div",
        {class: "dialog-head"},
        heading,
        iconButton("close", t("app.close"), () => close()),
      ),
      h("div", {class: "dialog-body"}, ...body),
    );
    let isPressed = false; // a press that begins inside, such as selecting text, must not close the dialog
    element.addEventListener("pointerdown", (event) => (isPressed = event.target === element));
    element.addEventListener("click", (event) => isPressed && event.target === element && close());
    element.addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest?.('a[href^="#"]');
      if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      goTo(link.getAttribute("href") ?? "", {replace: false}); // closes the dialog
    });
    element.addEventListener("close", () => {
      removeLayer();
      end.abort();
      keepToasts();
      element.remove();
      // What had the focus before may be gone.
      if (document.activeElement === document.body) document.querySelector("main")?.focus({preventScroll: true});
      resolve(result);
    });
    signal?.addEventListener("abort", () => close(), {signal: end.signal});
    document.body.append(element);
    element.showModal();
    const removeLayer = addLayer(() => element.close());
  });
}

/**
 * Ask before something that can't be undone. Resolves to true if the user agrees.
 * @param {{title: string, text: string, action: string, isDangerous?: boolean, signal?: AbortSignal}} question
 */
export async function confirmDialog({title, text, action, isDangerous = false, signal}) {
  const agreed = await openDialog({
    title,
    signal,
    className: "dialog-small",
    content: (/** @type {(value?: boolean) => void} */ close) => [
      h("p", null, text),
      h(
        "div",
        {class: "dialog-actions"},
        h("button", {type: "button", class: "button", onclick: () => close()}, t("app.cancel")),
        h(
          "button",
          {type: "button", class: `button is-main ${isDangerous ? "is-dangerous" : ""}`, onclick: () => close(true)},
          action,
        ),
      ),
    ],
  });
  return agreed === true;
}
