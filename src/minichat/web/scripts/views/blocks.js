/**
 * The people whom the user blocks, as a part of the settings.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").User} User
 */
import {loadBlocks, setBlocked} from "../actions/blocks.js";
import {nameOf} from "../store/people.js";
import {day} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {fill, h, keyedList, setText} from "../ui/dom.js";
import {runOnce} from "./form.js";
import {failure} from "./loading.js";
import {personRow} from "./person_row.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function blocks(app, signal) {
  const list = h("ul", {class: "people", "aria-label": t("blocks.title")});
  const problem = h("p", {class: "form-problem", role: "alert"});
  const note = h("div", {class: "chooser-note", role: "status"});
  const showRows = keyedList({
    parent: list,
    key: (/** @type {User} */ user) => user.id,
    make: (user) => ({element: row(/** @type {any} */ (user))}),
    signal,
  });
  /** @type {readonly User[]} */
  let loaded = [];

  async function load() {
    fill(note, t("app.loading"));
    try {
      loaded = await loadBlocks(app);
      if (!signal.aborted) show();
    } catch (error) {
      if (signal.aborted) return;
      fill(note, ...failure(error, load));
    }
  }

  function show() {
    const {blocked} = app.store.get();
    const shown = loaded.filter(({id}) => blocked.has(id));
    showRows(shown);
    fill(note, shown.length === 0 && t("blocks.empty"));
  }

  /** @param {User & {blocked_at: string}} user */
  function row(user) {
    const unblock = h(
      "button",
      {
        type: "button",
        class: "button",
        onclick: () =>
          runOnce(
            unblock,
            () => setBlocked(app, user, false),
            (text) => setText(problem, text),
          ),
      },
      t("person.unblock"),
      h("span", {class: "only-heard"}, ` ${nameOf(user)}`),
    );
    const since = day(Date.parse(user.blocked_at), language(), Date.now());
    return h("li", null, personRow(user, {note: since, end: [unblock]}));
  }

  void load();
  app.store.watch(
    (state) => state.blocked,
    (blocked, before) => {
      if (before === undefined || note.textContent === t("app.loading")) return;
      const isKnown = [...blocked].every((id) => loaded.some((user) => user.id === id));
      if (isKnown) show();
      else void load(); // another device has blocked somebody
    },
    signal,
  );
  return h("div", {class: "details"}, h("p", {class: "quiet"}, t("blocks.hint")), problem, list, note);
}
