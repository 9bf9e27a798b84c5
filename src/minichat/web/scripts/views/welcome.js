/**
 * The page of a visitor: log in, or create an account.
 *
 * @typedef {import("../app.js").App} App
 */
import {fieldProblem, problemText} from "../actions/problems.js";
import {logIn, register} from "../actions/session.js";
import {t} from "../texts/texts.js";
import {field} from "../ui/controls.js";
import {fill, h, scope, setText} from "../ui/dom.js";
import {logo} from "./logo.js";
import {welcomeInvitation} from "./welcome_invitation.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function welcome(app, signal) {
  const place = h("div");
  const card = h("div", {class: "welcome-card"}, welcomeInvitation(app, signal), place);
  const form = scope(signal);
  app.store.watch(
    (state) => state.route.page === "register" || state.route.page === "invite",
    (isNew) => fill(place, isNew ? registerForm(app, form.next()) : logInForm(app, form.next())),
    signal,
  );
  return h("main", {class: "welcome"}, card);
}

/**
 * @param {App} app
 * @param {AbortSignal} _signal
 */
function logInForm(app, _signal) {
  const username = usernameField();
  const password = field({
    label: t("welcome.password"),
    attributes: {type: "password", name: "password", autocomplete: "current-password", required: true},
  });
  return accountForm({
    note: app.store.get().wasEnded ? t("welcome.session_ended") : "",
    title: t("welcome.log_in_title"),
    action: t("welcome.log_in"),
    fields: {username, password},
    send: () => logIn(app, {username: username.input.value, password: password.input.value}),
    other: [t("welcome.no_account"), h("a", {href: "#/register"}, t("welcome.register"))],
  });
}

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
function registerForm(app, signal) {
  const username = usernameField();
  const first_name = field({
    label: t("welcome.first_name"),
    hint: t("welcome.optional"),
    attributes: {name: "first_name", autocomplete: "given-name"},
  });
  const last_name = field({
    label: t("welcome.last_name"),
    hint: t("welcome.optional"),
    attributes: {name: "last_name", autocomplete: "family-name"},
  });
  const least = app.store.get().info?.limits.password[0] ?? 8;
  const password = field({
    label: t("welcome.password"),
    hint: t("welcome.password_hint", {count: least}),
    attributes: {type: "password", name: "password", autocomplete: "new-password", required: true, minlength: least},
  });
  const form = accountForm({
    title: t("welcome.register_title"),
    action: t("welcome.register"),
    fields: {username, first_name, last_name, password},
    send() {
      const {invite} = app.store.get();
      return register(app, {
        username: username.input.value,
        password: password.input.value,
        ...(first_name.input.value && {first_name: first_name.input.value}),
        ...(last_name.input.value && {last_name: last_name.input.value}),
        ...(invite !== null && {invite}),
      });
    },
    other: [t("welcome.have_account"), h("a", {href: "#/log-in"}, t("welcome.log_in"))],
  });
  const note = /** @type {HTMLElement} */ (form.querySelector(".welcome-note"));
  app.store.watch(
    (state) => (state.info?.registration === "invite" && state.invite !== null ? "open" : state.info?.registration),
    (registration) => {
      const isClosed = registration === "closed";
      const needsInvite = registration === "invite";
      setText(note, isClosed ? t("welcome.registration_closed") : needsInvite ? t("welcome.registration_invite") : "");
      note.hidden = !isClosed && !needsInvite;
    },
    signal,
  );
  return form;
}

function usernameField() {
  return field({
    label: t("welcome.username"),
    attributes: {
      name: "username",
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: "false",
      required: true,
    },
  });
}

/**
 * @param {object} parts
 * @param {string} [parts.note]
 * @param {string} parts.title
 * @param {string} parts.action
 * @param {Record<string, ReturnType<typeof field>>} parts.fields By the name that the API gives the field.
 * @param {() => Promise<unknown>} parts.send
 * @param {(string | Node)[]} parts.other The way to the other form.
 */
function accountForm({note = "", title, action, fields, send, other}) {
  const problem = h("p", {class: "form-problem", role: "alert"});
  const button = h("button", {type: "submit", class: "button is-main is-wide"}, action);

  /** @param {SubmitEvent} event */
  async function onsubmit(event) {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    setText(problem, "");
    for (const one of Object.values(fields)) one.setProblem("");
    try {
      await send();
    } catch (error) {
      const wrong = Object.entries(fields).filter(([name]) => fieldProblem(error, name) !== "");
      for (const [name, one] of wrong) one.setProblem(fieldProblem(error, name));
      if (wrong.length === 0) setText(problem, problemText(error));
      (wrong[0]?.[1] ?? Object.values(fields)[0]).input.focus();
    } finally {
      button.disabled = false;
    }
  }

  return h(
    "form",
    {class: "welcome-form", novalidate: true, onsubmit},
    logo(),
    h("h1", {class: "welcome-title"}, title),
    h("p", {class: "welcome-note", role: "status", hidden: note === ""}, note),
    ...Object.values(fields).map((one) => one.element),
    problem,
    button,
    h("p", {class: "welcome-other"}, other[0], " ", ...other.slice(1)),
  );
}
