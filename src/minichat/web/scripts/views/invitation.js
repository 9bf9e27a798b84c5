/**
 * An invitation that the user has opened: a page for a logged-in user, a card above the forms of a visitor.
 *
 * @typedef {import("../app.js").App} App
 */
import {acceptInvitation, dismissInvitation, previewInvitation} from "../actions/invitations.js";
import {problemText} from "../actions/problems.js";
import {nameOf} from "../store/people.js";
import {full} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {fill, h, setText} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {userAvatar} from "./avatar.js";
import {runOnce} from "./form.js";
import {retryButton, spinner} from "./loading.js";

/**
 * The page of an invitation, for a logged-in user.
 * @param {App} app
 * @param {string} token
 * @param {AbortSignal} signal
 */
export function invitationPage(app, token, signal) {
  const problem = h("p", {class: "form-problem", role: "alert"});
  const join = h(
    "button",
    {
      type: "button",
      class: "button is-main is-wide",
      onclick: () =>
        runOnce(
          join,
          () => acceptInvitation(app, token),
          (text) => setText(problem, text),
        ),
    },
    t("invite.join"),
  );
  const dismiss = h(
    "button",
    {type: "button", class: "button is-wide", onclick: () => dismissInvitation(app)},
    t("invite.dismiss"),
  );
  const actions = h("div", {class: "person-actions", hidden: true}, problem, join, dismiss);
  const card = invitationCard(app, token, signal, (isValid) => {
    actions.hidden = false;
    join.hidden = !isValid;
    setText(dismiss, t(isValid ? "invite.dismiss" : "app.to_rooms"));
  });
  return h("div", {class: "blank"}, h("div", {class: "invite-page"}, card, actions));
}

/**
 * What an invitation says. Also shows that it does not work any more.
 * @param {App} app
 * @param {string} token
 * @param {AbortSignal} signal
 * @param {(isValid: boolean) => void} [onLoad]
 */
export function invitationCard(app, token, signal, onLoad) {
  const element = h("section", {class: "invite", "aria-label": t("invite.title"), "aria-live": "polite"});

  async function load() {
    fill(element, ...spinner());
    try {
      const {room, invited_by, expires_at} = await previewInvitation(app, token);
      if (signal.aborted) return;
      fill(
        element,
        userAvatar(invited_by, ""),
        h("p", {class: "invite-by"}, t("invite.text", {name: nameOf(invited_by)})),
        h("h2", {class: "invite-room", dir: "auto"}, room.name),
        h("p", {class: "quiet"}, t("room.members", {count: room.participants_count})),
        room.description !== "" && h("p", {class: "room-description", dir: "auto"}, room.description),
        h("p", {class: "quiet"}, t("invite.until", {time: full(Date.parse(expires_at), language())})),
      );
      onLoad?.(true);
    } catch (error) {
      if (signal.aborted) return;
      showFailure(error);
    }
  }

  /** @param {any} error */
  function showFailure(error) {
    const isDead = error.status === 404 || error.status === 400;
    fill(
      element,
      h("div", {class: "blank-sign"}, icon(isDead ? "link" : "warning")),
      h("h2", {class: "invite-room"}, isDead ? t("invite.dead") : problemText(error)),
      isDead ? h("p", {class: "quiet"}, t("invite.dead_text")) : retryButton(load),
    );
    if (isDead) onLoad?.(false);
  }

  void load();
  return element;
}
