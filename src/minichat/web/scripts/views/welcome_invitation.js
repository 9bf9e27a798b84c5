/**
 * The invitation that a visitor has opened, above the forms to log in and to register.
 *
 * @typedef {import("../app.js").App} App
 */
import {t} from "../texts/texts.js";
import {fill, h, scope, setText} from "../ui/dom.js";
import {later} from "../ui/later.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function welcomeInvitation(app, signal) {
  const element = h("div", {class: "welcome-invite", hidden: true});
  const part = scope(signal);
  const hint = h("span");
  app.store.watch(
    (state) => state.info?.registration === "closed",
    (isClosed) => setText(hint, t(isClosed ? "invite.log_in_hint" : "invite.register_hint")),
    signal,
  );

  /** @param {string} token */
  async function show(token) {
    const end = part.next();
    const [card, actions] =
      (await later(() => Promise.all([import("./invitation.js"), import("../actions/invitations.js")]))) ?? [];
    if (end.aborted || !card || !actions) return;
    element.hidden = false;
    fill(
      element,
      card.invitationCard(app, token, end, (isValid) => {
        if (isValid) element.append(h("p", {class: "invite-hint"}, hint));
        else actions.forgetInvitation(app); // the card says so
      }),
    );
  }

  app.store.watch(
    (state) => state.invite,
    (token) => {
      if (token !== null) void show(token);
    },
    signal,
  );
  return element;
}
