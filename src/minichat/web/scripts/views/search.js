/**
 * The page that searches messages: in one room or everywhere, by words and by author.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").MessageSearch} MessageSearch
 */
import {keepSearch, searchMessages} from "../actions/finding_messages.js";
import {href} from "../router.js";
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {arrowKeys} from "../ui/arrow_keys.js";
import {fill, h, scope} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {later} from "../ui/later.js";
import {foundMessage} from "./found_message.js";
import {pageHeader} from "./page_header.js";
import {pagedList} from "./paged_list.js";

const PAUSE_MS = 250;

/**
 * @param {App} app
 * @param {number | undefined} room Everywhere if undefined.
 * @param {AbortSignal} signal
 */
export function searchPage(app, room, signal) {
  const {store} = app;
  const known = room === undefined ? undefined : store.get().rooms.get(room);
  const input = h("input", {
    type: "search",
    class: "input search-input",
    "aria-label": t("search.words"),
    placeholder: t("search.words"),
    autocomplete: "off",
    enterkeyhint: "search",
    value: store.get().search.q,
    oninput: () => plan(PAUSE_MS),
    onkeydown,
  });
  const author = h("button", {type: "button", class: "filter", "aria-haspopup": "dialog", onclick: chooseAuthor});
  const results = h("div", {class: "page-scroll"});
  const keys = arrowKeys(results, ".found-message");
  const part = scope(signal);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** @param {Partial<MessageSearch>} change */
  const keep = (change) => keepSearch(app, {...store.get().search, ...change});

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.isComposing) return;
    if (event.key === "Enter") plan(0);
    else if (!(event.key === "ArrowDown" && keys.focusFirst())) return;
    event.preventDefault();
  }

  /** @param {number} pause */
  function plan(pause) {
    clearTimeout(timer);
    keep({q: input.value});
    timer = setTimeout(search, pause);
  }

  function search() {
    const end = part.next();
    const {q, author: person} = store.get().search;
    const query = q.trim();
    if (query === "") {
      fill(results, hint());
      return;
    }
    const list = pagedList({
      label: t("search.results"),
      async load(next) {
        const page = await searchMessages(app, {q: query, room, user: person?.id}, next, end);
        queueMicrotask(keys.refresh);
        return page;
      },
      make: (message) => h("li", null, foundMessage(app, message, {query, hasRoom: room === undefined})),
      empty: t("search.none", {query}),
      sign: "search",
      signal: end,
    });
    fill(results, list);
  }

  function hint() {
    return h(
      "div",
      {class: "blank"},
      h("div", {class: "blank-sign"}, icon("search")),
      h("p", null, known ? t("search.hint_room", {name: known.name}) : t("search.hint")),
    );
  }

  function showAuthor() {
    const {author: person} = store.get().search;
    author.classList.toggle("is-on", person !== null);
    fill(author, icon("user"), person ? t("search.from", {name: nameOf(person)}) : t("search.from_anybody"));
  }

  async function chooseAuthor() {
    const dialogs = await later(() => import("./dialogs/search_author.js"));
    const chosen = await dialogs?.chooseAuthor(app, signal);
    if (chosen === undefined) return;
    keep({author: chosen});
    showAuthor();
    search();
  }

  /** @param {number | undefined} id @param {string} text */
  const scopeLink = (id, text) =>
    h(
      "a",
      {
        class: id === room ? "filter is-on" : "filter",
        href: href({page: "search", room: id}),
        "aria-current": id === room,
      },
      h("span", {dir: "auto"}, text),
    );
  const open = store.get().search.room;
  const other = room ?? (open !== null && store.get().rooms.has(open) ? open : undefined);
  const name = other === undefined ? "" : (store.get().rooms.get(other)?.name ?? "");
  if (room !== undefined) keep({room});
  showAuthor();
  search();
  queueMicrotask(() => input.select());
  return h(
    "section",
    {class: "page", "aria-label": t("search.title")},
    pageHeader(app, t("search.title"), room),
    h(
      "div",
      {class: "search-form", role: "search"},
      h("div", {class: "search-field"}, icon("search"), input),
      h(
        "div",
        {class: "filters"},
        other !== undefined && scopeLink(other, t("search.in_room", {name})),
        scopeLink(undefined, t("search.everywhere")),
        author,
      ),
    ),
    results,
  );
}
