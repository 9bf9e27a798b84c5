/**
 * The devices where the user is logged in, and their ends.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../api/types.js").SessionInfo} SessionInfo
 */
import {endOtherSessions, endSession, loadSessions} from "../../actions/account.js";
import {deviceOf} from "../../text/device.js";
import {clock, daysAgo, full, short} from "../../text/time.js";
import {language, t} from "../../texts/texts.js";
import {confirmDialog} from "../../ui/dialog.js";
import {fill, focusAround, h, keyedList, setText} from "../../ui/dom.js";
import {icon} from "../../ui/icons.js";
import {toast} from "../../ui/toast.js";
import {runOnce} from "../form.js";
import {failure} from "../loading.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function sessions(app, signal) {
  const list = h("ul", {class: "devices", "aria-label": t("settings.sessions")});
  const problem = h("p", {class: "form-problem", role: "alert"});
  const note = h("div", {class: "chooser-note", role: "status"});
  const endOthers = h(
    "button",
    {type: "button", class: "button is-dangerous", hidden: true, onclick: () => void askToEndOthers()},
    t("sessions.end_others"),
  );
  const showRows = keyedList({
    parent: list,
    key: (/** @type {SessionInfo} */ session) => session.id,
    make: (session) => ({element: row(session)}),
    signal,
  });
  /** @type {readonly SessionInfo[]} */
  let loaded = [];

  async function load() {
    fill(note, t("app.loading"));
    try {
      show(await loadSessions(app));
    } catch (error) {
      if (signal.aborted) return;
      fill(note, ...failure(error, load));
    }
  }

  /** @param {readonly SessionInfo[]} next */
  function show(next) {
    if (signal.aborted) return;
    loaded = [...next].sort((a, b) => Number(b.current) - Number(a.current) || compare(b, a));
    showRows(loaded);
    fill(note);
    const hadFocus = document.activeElement === endOthers;
    endOthers.hidden = loaded.length < 2;
    if (hadFocus && endOthers.hidden) focusAround(list);
  }

  /** @param {SessionInfo} session */
  function row(session) {
    const {program, system, isPhone} = deviceOf(session.user_agent);
    const name = [program, system].filter((text) => text !== "").join(" · ") || t("sessions.unknown");
    const end = h(
      "button",
      {
        type: "button",
        class: "button",
        hidden: session.current,
        onclick: () =>
          runOnce(
            end,
            () => endOne(session),
            (text) => setText(problem, text),
          ),
      },
      t("sessions.end"),
      h("span", {class: "only-heard"}, ` ${name}`),
    );
    return h(
      "li",
      {class: "device"},
      h("span", {class: "device-sign"}, icon(isPhone ? "phone" : "screen")),
      h(
        "div",
        {class: "device-text"},
        h("div", {class: "device-name", title: session.user_agent}, name),
        h("div", {class: "quiet"}, ...place(session)),
      ),
      end,
    );
  }

  /** @param {SessionInfo} session */
  async function endOne({id}) {
    setText(problem, "");
    await endSession(app, id);
    show(loaded.filter((one) => one.id !== id));
  }

  async function askToEndOthers() {
    const agreed = await confirmDialog({
      title: t("sessions.end_others_title"),
      text: t("sessions.end_others_text"),
      action: t("sessions.end_others"),
      isDangerous: true,
      signal,
    });
    if (!agreed) return;
    await runOnce(
      endOthers,
      async () => {
        await endOtherSessions(app);
        show(loaded.filter(({current}) => current));
        toast(t("sessions.ended_others"));
      },
      (text) => setText(problem, text),
    );
  }

  void load();
  return h("div", {class: "details"}, h("p", {class: "quiet"}, t("sessions.hint")), problem, list, note, endOthers);
}

/** @param {SessionInfo} a @param {SessionInfo} b */
function compare(a, b) {
  return Date.parse(a.last_used_at) - Date.parse(b.last_used_at);
}

/**
 * Where the device is, and when it was used.
 * @param {SessionInfo} session
 */
function place({ip, current, last_used_at}) {
  const [time, now] = [Date.parse(last_used_at), Date.now()];
  const when = daysAgo(time, now) <= 0 ? clock(time, language()) : short(time, language(), now);
  const used = h("time", {datetime: last_used_at, title: full(time, language())}, t("sessions.used", {time: when}));
  return [current ? h("strong", {class: "device-this"}, t("sessions.current")) : used, ip && ` · ${ip}`];
}
