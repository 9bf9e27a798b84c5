/**
 * Small help for the pages of the administration. Each of them works without it.
 */

/** Times are in the time zone and the language of the page; the title keeps UTC. */
for (const time of document.querySelectorAll("time")) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {dateStyle: "medium", timeStyle: "short"});
  time.title = time.textContent ?? "";
  time.textContent = format.format(new Date(time.dateTime));
}

/** A button with `data-copies` copies the text of the element with that id. */
for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies ?? "");
    try {
      await navigator.clipboard.writeText(source?.textContent ?? "");
      button.textContent = button.dataset.done ?? "";
    } catch {
      document.getSelection()?.selectAllChildren(source ?? document.body);
    }
  });
}

/** A button with `data-prints` prints the page. */
for (const button of document.querySelectorAll("button[data-prints]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

/** A form is sent once, however often its button is pressed. */
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.hasAttribute("data-sent")) event.preventDefault();
    form.setAttribute("data-sent", "");
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent");
});
