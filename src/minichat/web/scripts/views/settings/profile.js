/**
 * The profile: picture, names, e-mail address.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../api/types.js").Account} Account
 * @typedef {import("../../store/state.js").ProfileNames} ProfileNames
 */
import {changeProfile} from "../../actions/account.js";
import {resendVerification} from "../../actions/recovery.js";
import {t} from "../../texts/texts.js";
import {field} from "../../ui/controls.js";
import {h, setText} from "../../ui/dom.js";
import {passwordField} from "../../ui/password_field.js";
import {toast} from "../../ui/toast.js";
import {formOf, runOnce} from "../form.js";
import {pictureSettings} from "./picture.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function profile(app, signal) {
  const {account, profileDraft} = app.store.get();
  if (!account) return h("div");
  const text = (/** @type {"first_name" | "last_name" | "email"} */ name, /** @type {any} */ attributes) =>
    field({
      label: t(`settings.${name}`),
      attributes: {name, value: profileDraft[name] ?? account[name], dir: "auto", ...attributes},
    });
  const names = {
    first_name: text("first_name", {autocomplete: "given-name"}),
    last_name: text("last_name", {autocomplete: "family-name"}),
    email: text("email", {type: "email", autocomplete: "email", dir: "ltr"}),
  };
  // Where the server sends mail, a new address needs the password.
  const password = passwordField({
    label: t("settings.current_password"),
    hint: t("settings.email_password_hint"),
    attributes: {name: "password", autocomplete: "current-password"},
  });
  password.element.hidden = true;
  names.email.input.addEventListener(
    "input",
    () => {
      const now = app.store.get();
      if (now.info?.password_reset) password.element.hidden = names.email.input.value.trim() === now.account?.email;
    },
    {signal},
  );
  names.email.element.append(verificationState(app, signal));

  /** What is typed and not saved stays until the user returns. @param {Partial<ProfileNames>} draft */
  function keepDraft(draft) {
    app.store.update((state) => ({...state, profileDraft: draft}));
  }

  const form = formOf({
    fields: {...names, password},
    action: t("settings.save"),
    async send() {
      const now = app.store.get().account ?? account;
      const change = changesOf(now, names);
      if (Object.keys(change).length > 0) {
        const secret = password.element.hidden ? {} : {password: password.input.value};
        try {
          await changeProfile(app, {...change, ...secret});
        } catch (error) {
          if (/** @type {any} */ (error).errors?.password) password.element.hidden = false;
          throw error;
        }
      }
      keepDraft({});
      password.clear();
      password.element.hidden = true;
      toast(t("settings.saved"));
    },
  });
  form.element.addEventListener("input", () => keepDraft(changesOf(app.store.get().account ?? account, names)));
  return h(
    "div",
    {class: "details"},
    pictureSettings(app, signal),
    h("p", {class: "quiet"}, t("settings.username", {name: account.username})),
    form.element,
  );
}

/**
 * Whether the address is verified, and a button that sends the link again.
 * @param {App} app
 * @param {AbortSignal} signal
 */
function verificationState(app, signal) {
  const text = h("p", {class: "field-hint"});
  const resend = h(
    "button",
    {
      type: "button",
      class: "link-button",
      onclick: () => runOnce(resend, send, (problem) => toast(problem, {isProblem: true})),
    },
    t("settings.resend"),
  );
  const element = h("div", {class: "verification"}, text, resend);

  async function send() {
    toast(await resendVerification(app));
  }

  const show = () => {
    const {account, info} = app.store.get();
    const isVerified = account?.email_verified === true;
    element.hidden = !account?.email || info?.password_reset !== true;
    resend.hidden = isVerified;
    setText(text, t(isVerified ? "settings.email_verified" : "settings.email_unverified"));
  };
  app.store.watch((state) => state.account, show, signal);
  app.store.watch((state) => state.info, show, signal);
  return element;
}

/**
 * @param {Account} account
 * @param {Record<keyof ProfileNames, {input: HTMLInputElement}>} fields
 */
function changesOf(account, fields) {
  /** @type {Partial<ProfileNames>} */
  const changes = {};
  for (const name of /** @type {(keyof typeof fields)[]} */ (Object.keys(fields))) {
    const value = fields[name].input.value.trim();
    if (value !== account[name]) changes[name] = value;
  }
  return changes;
}
