/**
 * Changes to a text field as if the user had typed them: undo works, and the field reports its input.
 */

/**
 * Replace a part of the text.
 * @param {HTMLTextAreaElement} field
 * @param {{start: number, end: number, text: string, select?: [number, number]}} change `select`: the new selection;
 *   otherwise the caret is behind the new text.
 */
export function replaceText(field, {start, end, text, select}) {
  field.focus({preventScroll: true});
  field.setSelectionRange(start, end);
  // The only way that keeps what undo remembers.
  if (!document.execCommand(text === "" ? "delete" : "insertText", false, text)) {
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new InputEvent("input", {bubbles: true}));
  }
  if (select) field.setSelectionRange(...select);
}

/**
 * Let a field grow with its text, where the browser does not do that by itself.
 * @param {HTMLTextAreaElement} field
 */
export function grow(field) {
  if (CSS.supports("field-sizing", "content")) return;
  if (!field.isConnected) return void requestAnimationFrame(() => field.isConnected && grow(field));
  field.style.setProperty("height", "auto");
  field.style.setProperty("height", `${field.scrollHeight}px`);
}
