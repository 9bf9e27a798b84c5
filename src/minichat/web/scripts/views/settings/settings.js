/**
 * The settings: a list of sections beside the open one; one of the two where the page is narrow.
 *
 * @typedef {import("../../app.js").App} App
 */
import {href} from "../../router.js";
import {pageBefore} from "../../store/state.js";
import {t} from "../../texts/texts.js";
import {fill, h, scope, setAttributes, setText} from "../../ui/dom.js";
import {icon} from "../../ui/icons.js";
import {blocks} from "../blocks.js";
import {about} from "./about.js";
import {appearance} from "./appearance.js";
import {notificationSettings} from "./notifications.js";
import {password} from "./password.js";
import {profile} from "./profile.js";
import {sessions} from "./sessions.js";
import {yourData} from "./your_data.js";

/**
 * @typedef {object} Section
 * @property {string} key Its part of the address.
 * @property {import("../../ui/icons.js").IconName} sign
 * @property {import("../../texts/texts.js").TextKey} title
 * @property {(app: App, signal: AbortSignal) => HTMLElement} view
 */

/** @type {readonly Section[]} */
const SECTIONS = [
  {key: "profile", sign: "user", title: "settings.profile", view: profile},
  {key: "notifications", sign: "bell", title: "settings.notifications", view: notificationSettings},
  {key: "appearance", sign: "palette", title: "settings.appearance", view: appearance},
  {key: "password", sign: "lock", title: "settings.password", view: password},
  {key: "sessions", sign: "screen", title: "settings.sessions", view: sessions},
  {key: "blocks", sign: "ban", title: "blocks.title", view: blocks},
  {key: "data", sign: "shield", title: "settings.data", view: yourData},
  {key: "about", sign: "info", title: "settings.about", view: about},
];

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function settingsPage(app, signal) {
  const back = h("a", {class: "icon-button room-back", "aria-label": t("room.back")}, icon("back"));
  const label = t("room.back");
  const before = href(pageBefore(app.store.get()));
  const close = h(
    "a",
    {class: "icon-button page-close", href: before, "aria-label": label, title: label},
    icon("close"),
  );
  const name = h("span", {class: "settings-name"}); // on a phone
  const title = h("h2", {class: "page-title"}, h("span", {class: "settings-all"}, t("settings.title")), name);
  const links = SECTIONS.map(({key, sign, title: text}) =>
    h(
      "a",
      {class: "settings-link", href: href({page: "settings", section: key}), dataset: {key}},
      icon(sign),
      h("span", null, t(text)),
    ),
  );
  const heading = h("h3", {class: "settings-heading", tabindex: -1});
  const body = h("div", {class: "settings-body"});
  const content = h("section", {class: "settings-content"}, heading, body);
  const element = h(
    "div",
    {class: "page settings"},
    h("div", {class: "page-head"}, back, title, close),
    h(
      "div",
      {class: "settings-panes"},
      h("nav", {class: "settings-nav", "aria-label": t("settings.title")}, ...links),
      content,
    ),
  );
  const part = scope(signal);

  app.store.watch(
    ({route}) => (route.page === "settings" ? route.section : null),
    (key, before) => {
      if (key === null) return;
      const isList = key === "";
      const section = SECTIONS.find((one) => one.key === (isList ? SECTIONS[0].key : key));
      const text = section ? t(section.title) : t("app.not_found");
      element.dataset.pane = isList ? "list" : "section";
      setText(name, text);
      setText(heading, text);
      setAttributes(back, {href: href(isList ? {page: "home"} : {page: "settings", section: ""})});
      setAttributes(back, {"aria-label": t(isList ? "room.back" : "settings.back")});
      for (const link of links) {
        setAttributes(link, {"aria-current": link.dataset.key === section?.key ? "page" : null});
      }
      const end = part.next();
      fill(body, section?.view(app, end));
      if (before !== undefined && !isList) heading.focus({preventScroll: true});
      content.scrollTop = 0;
    },
    signal,
  );
  return element;
}
