/**
 * The way back into an account: request a link, set a new password by a link, verify an address by a link. A visitor
 * sees these forms in place of the log-in, a logged-in user as a page.
 *
 * @typedef {import("../app.js").App} App
 */
import {problemText} from "../actions/problems.js";
import {requestReset, resetPassword, verifyEmail} from "../actions/recovery.js";
import {t} from "../texts/texts.js";
import {field} from "../ui/controls.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {passwordField} from "../ui/password_field.js";
import {accountForm} from "./account_form.js";
import {retryButton, spinner} from "./loading.js";

/**
 * The page of a logged-in user.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function recoveryPage(app, signal) {
  return h("div", {class: "blank"}, h("div", {class: "recovery-page"}, recoveryForm(app, signal)));
}

/**
 * The form at the present address.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function recoveryForm(app, signal) {
  const {route} = app.store.get();
  if (route.page === "verify") return verification(app, route.token, signal);
  return route.page === "reset" ? newPassword(app, route.token) : forgotPassword(app);
}

/** The level of a title: the chat has a title of its own. @param {App} app */
function levelIn(app) {
  return app.store.get().phase === "in" ? "h2" : "h1";
}

/** @param {App} app */
function forgotPassword(app) {
  const username = field({
    label: t("recovery.name"),
    attributes: {
      name: "username",
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: "false",
      required: true,
    },
  });
  const element = h("div");
  const {element: form} = accountForm({
    level: levelIn(app),
    title: t("recovery.forgot_title"),
    about: t("recovery.forgot_text"),
    action: t("recovery.send"),
    fields: {username},
    async send() {
      const message = await requestReset(app, username.input.value.trim());
      fill(element, outcome(app, {sign: "check", title: t("recovery.sent_title"), text: message, links: ["log-in"]}));
    },
    other: [h("a", {href: "#/log-in"}, t("recovery.to_log_in"))],
  });
  fill(element, form);
  return element;
}

/**
 * @param {App} app
 * @param {string} token
 */
function newPassword(app, token) {
  const {account, info} = app.store.get();
  const element = h("div");
  const new_password = passwordField({
    label: t("settings.new_password"),
    hint: t("welcome.password_hint", {count: info?.limits.password[0] ?? 8}),
    attributes: {name: "new_password", autocomplete: "new-password"},
  });
  const {element: form} = accountForm({
    note: account ? t("recovery.logged_in", {name: account.username}) : "",
    level: levelIn(app),
    title: t("recovery.reset_title"),
    about: t("recovery.reset_text"),
    action: t("recovery.reset"),
    fields: {new_password},
    async send() {
      try {
        await resetPassword(app, {token, new_password: new_password.input.value});
      } catch (error) {
        if (/** @type {any} */ (error).code !== "token_invalid") throw error;
        fill(element, deadLink(app, t("recovery.dead_reset"), ["forgot-password", "log-in"]));
      }
    },
    other: [h("a", {href: "#/"}, t(account ? "app.to_rooms" : "recovery.to_log_in"))],
  });
  fill(element, token === "" ? deadLink(app, t("recovery.open_again"), ["forgot-password", "log-in"]) : form);
  return element;
}

/**
 * @param {App} app
 * @param {string} token
 * @param {AbortSignal} signal
 */
function verification(app, token, signal) {
  const element = h("div", {"aria-live": "polite"});

  async function verify() {
    fill(element, ...spinner());
    try {
      await verifyEmail(app, token);
      if (signal.aborted) return;
      const text = t("recovery.verified_text");
      fill(element, outcome(app, {sign: "check", title: t("recovery.verified"), text, links: ["log-in"]}));
    } catch (error) {
      if (!signal.aborted) showFailure(/** @type {any} */ (error));
    }
  }

  /** @param {any} error */
  function showFailure(error) {
    const text = problemText(error);
    if (error.code === "token_invalid") fill(element, deadLink(app, t("recovery.dead_verify"), ["log-in"]));
    else if (error.code === "email_taken") fill(element, deadLink(app, text, ["log-in"], t("recovery.taken")));
    else fill(element, h("p", {class: "form-problem", role: "alert"}, text), retryButton(verify));
  }

  if (token === "") fill(element, deadLink(app, t("recovery.open_again"), ["log-in"]));
  else void verify();
  return element;
}

/**
 * @param {App} app
 * @param {string} text
 * @param {readonly Way[]} links
 * @param {string} [title]
 */
function deadLink(app, text, links, title = t("recovery.dead")) {
  return outcome(app, {sign: "warning", title, text, links});
}

/** @typedef {"log-in" | "forgot-password"} Way */

/**
 * How it ended, and where to go from here.
 * @param {App} app
 * @param {{sign: import("../ui/icons.js").IconName, title: string, text: string, links: readonly Way[]}} parts
 */
function outcome(app, {sign, title, text, links}) {
  const {phase, info} = app.store.get();
  const shown = links.filter((way) => way !== "forgot-password" || info?.password_reset === true);
  const heading = h(levelIn(app), {class: "welcome-title", tabindex: -1}, title);
  const element = h(
    "div",
    {class: "welcome-form"},
    h("div", {class: "blank-sign"}, icon(sign)),
    heading,
    h("p", {class: "welcome-about"}, text),
    ...shown.map((way) => {
      if (way === "forgot-password") return h("a", {href: "#/forgot-password", class: "button"}, t("recovery.again"));
      const label = t(phase === "in" ? "app.to_rooms" : "recovery.to_log_in");
      return h("a", {href: phase === "in" ? "#/" : "#/log-in", class: "button is-main"}, label);
    }),
  );
  queueMicrotask(() => heading.focus({preventScroll: true}));
  return element;
}
