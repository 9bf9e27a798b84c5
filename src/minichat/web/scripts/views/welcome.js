/**
 * The page of a visitor: log in, or create an account.
 *
 * @typedef {import("../app.js").App} App
 */
import {logIn, register} from "../actions/session.js";
import {go, parseRoute} from "../router.js";
import {t} from "../texts/texts.js";
import {field} from "../ui/controls.js";
import {h, handOver, scope} from "../ui/dom.js";
import {later} from "../ui/later.js";
import {passwordField} from "../ui/password_field.js";
import {accountForm} from "./account_form.js";
import {welcomeInvitation} from "./welcome_invitation.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function welcome(app, signal) {
  const place = h("div");
  const card = h("div", {class: "welcome-card"}, welcomeInvitation(app, signal), place);
  const form = scope(signal);
  app.store.watch(({route, info}) => formAt(route, info?.registration === "closed"), show, signal);

  /** @param {string} name */
  async function show(name) {
    const end = form.next();
    if (name === "register") return handOver(place, registerForm(app, end));
    if (name === "log-in") return handOver(place, logInForm(app, end));
    const recovery = await later(() => import("./recovery.js"));
    if (recovery && !end.aborted) handOver(place, recovery.recoveryForm(app, end));
  }

  return h("main", {class: "welcome"}, card);
}

/**
 * The form at an address, and its token if it has one: another token is another form.
 * @param {import("../router.js").Route} route
 * @param {boolean} isClosed Nobody can register, so an invitation is for people with an account.
 */
function formAt(route, isClosed) {
  if (route.page === "register" || (route.page === "invite" && !isClosed)) return "register";
  if (route.page === "reset" || route.page === "verify") return `${route.page} ${route.token}`;
  return route.page === "forgot-password" ? route.page : "log-in";
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
  const forgot = h("p", {class: "welcome-other"}, h("a", {href: "#/forgot-password"}, t("recovery.forgot")));
  form.other.before(forgot);
  app.store.watch(
    (state) => state.info?.password_reset === true,
    (sendsMail) => (forgot.hidden = !sendsMail),
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
  const email = field({
    label: t("settings.email"),
    hint: t("welcome.email_hint"),
    attributes: {name: "email", type: "email", autocomplete: "email", dir: "ltr"},
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
    fields: {invite, username, first_name, last_name, email, password},
    send() {
      const {invite: token} = app.store.get();
      return register(app, {
        username: username.input.value,
        password: password.input.value,
        ...(first_name.input.value && {first_name: first_name.input.value}),
        ...(last_name.input.value && {last_name: last_name.input.value}),
        ...(email.input.value && {email: email.input.value}),
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
      email.element.hidden = registration !== "open" || app.store.get().info?.password_reset !== true;
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
