/**
 * The page of a visitor: log in, or create an account.
 *
 * @typedef {import("../app.js").App} App
 */
import {fieldProblem, problemText} from "../actions/problems.js";
import {logIn, register} from "../actions/session.js";
import {go, parseRoute} from "../router.js";
import {t} from "../texts/texts.js";
import {field} from "../ui/controls.js";
import {fill, h, scope, setText} from "../ui/dom.js";
import {passwordField} from "../ui/password_field.js";
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
 * @param {AbortSignal} signal
 */
function logInForm(app, signal) {
  const username = usernameField();
  const password = passwordField({
    label: t("welcome.password"),
    attributes: {name: "password", autocomplete: "current-password"},
  });
  const form = accountForm({
    note: app.store.get().wasEnded ? t("welcome.session_ended") : "",
    title: t("welcome.log_in_title"),
    action: t("welcome.log_in"),
    fields: {username, password},
    send: () => logIn(app, {username: username.input.value, password: password.input.value}),
    other: [t("welcome.no_account"), h("a", {href: "#/register"}, t("welcome.register"))],
  });
  app.store.watch(
    (state) => state.info?.registration === "closed",
    (isClosed) => (form.other.hidden = isClosed),
    signal,
  );
  return form.element;
}

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
function registerForm(app, signal) {
  const invite = invitationField();
  const username = usernameField();
  const first_name = field({
    label: t("welcome.first_name"),
    hint: t("welcome.optional"),
    attributes: {name: "first_name", autocomplete: "given-name", dir: "auto"},
  });
  const last_name = field({
    label: t("welcome.last_name"),
    hint: t("welcome.optional"),
    attributes: {name: "last_name", autocomplete: "family-name", dir: "auto"},
  });
  const least = app.store.get().info?.limits.password[0] ?? 8;
  const password = passwordField({
    label: t("welcome.password"),
    hint: t("welcome.password_hint", {count: least}),
    attributes: {name: "password", autocomplete: "new-password"},
  });
  const form = accountForm({
    title: t("welcome.register_title"),
    action: t("welcome.register"),
    fields: {invite, username, first_name, last_name, password},
    send() {
      const {invite: token} = app.store.get();
      return register(app, {
        username: username.input.value,
        password: password.input.value,
        ...(first_name.input.value && {first_name: first_name.input.value}),
        ...(last_name.input.value && {last_name: last_name.input.value}),
        ...(token !== null && {invite: token}),
      });
    },
    other: [t("welcome.have_account"), h("a", {href: "#/log-in"}, t("welcome.log_in"))],
  });
  app.store.watch(
    ({info, invite: token}) => (info?.registration === "invite" && token !== null ? "open" : info?.registration),
    (registration = "open") => {
      form.showNote(registration === "open" ? "" : t(`welcome.registration_${registration}`));
      invite.element.hidden = registration !== "invite";
      form.setUsable(registration === "open");
    },
    signal,
  );
  return form.element;
}

/** Takes the link of an invitation, which then is the address of this page. */
function invitationField() {
  const made = field({
    label: t("welcome.invitation"),
    attributes: {name: "invite", autocomplete: "off", spellcheck: "false", oninput: read},
  });

  function read() {
    const text = made.input.value.trim();
    const route = parseRoute(`#${text.slice(text.indexOf("#") + 1)}`);
    if (route.page === "invite") go(route, {replace: true});
    else made.setProblem(text === "" ? "" : t("welcome.invitation_wrong"));
  }

  return made;
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
function accountForm({note: firstNote = "", title, action, fields, send, other: way}) {
  const problem = h("p", {class: "form-problem", role: "alert"});
  const button = h("button", {type: "submit", class: "button is-main is-wide"}, action);
  const note = h("p", {class: "welcome-note", role: "status"});
  const other = h("p", {class: "welcome-other"}, way[0], " ", ...way.slice(1));
  const parts = Object.values(fields).map((one) => one.element);

  /** @param {SubmitEvent} event */
  async function onsubmit(event) {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true" || button.hidden) return;
    button.setAttribute("aria-disabled", "true"); // a disabled button would lose the focus
    setText(problem, "");
    for (const one of Object.values(fields)) one.setProblem("");
    try {
      await send();
    } catch (error) {
      showProblem(error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  /** @param {unknown} error */
  function showProblem(error) {
    const wrong = Object.entries(fields).filter(([name]) => fieldProblem(error, name) !== "");
    for (const [name, one] of wrong) one.setProblem(fieldProblem(error, name));
    if (wrong.length === 0) setText(problem, problemText(error));
    (wrong[0]?.[1] ?? fields.password).input.focus();
  }

  /** @param {string} text */
  function showNote(text) {
    setText(note, text);
    note.hidden = text === "";
  }

  /** Show the fields and the button, or hide what can't be used. @param {boolean} isUsable */
  function setUsable(isUsable) {
    for (const [name, one] of Object.entries(fields)) if (name !== "invite") one.element.hidden = !isUsable;
    button.hidden = !isUsable;
  }

  showNote(firstNote);
  const element = h(
    "form",
    {class: "welcome-form", novalidate: true, onsubmit},
    logo(),
    h("h1", {class: "welcome-title", tabindex: -1}, title),
    h("p", {class: "welcome-about"}, t("welcome.about")),
    note,
    ...parts,
    problem,
    button,
    other,
  );
  return {element, other, showNote, setUsable};
}
