/**
 * The page with the messages that mention the user, newest first.
 *
 * @typedef {import("../app.js").App} App
 */
import {loadMentions} from "../actions/finding_messages.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {foundMessage} from "./found_message.js";
import {pageHeader} from "./page_header.js";
import {pagedList} from "./paged_list.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function mentionsPage(app, signal) {
  return h(
    "section",
    {class: "page", "aria-label": t("mentions.title")},
    pageHeader(app, t("mentions.title")),
    h(
      "div",
      {class: "page-scroll"},
      pagedList({
        label: t("mentions.title"),
        load: (next) => loadMentions(app, next),
        make: (message) => h("li", null, foundMessage(app, message, {hasRoom: true})),
        empty: t("mentions.empty"),
        sign: "at",
        signal,
      }),
    ),
  );
}
