/**
 * The settings of this device: theme, language, sound, notifications. All tabs share them.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Settings} Settings
 */
import {DEFAULT_SETTINGS} from "../store/state.js";

const KEY = "settings";

/**
 * Load the settings.
 * @param {App} app
 */
export function loadSettings(app) {
  const stored = app.local.get(KEY, {});
  const settings = {...DEFAULT_SETTINGS, ...stored};
  app.store.update((state) => ({...state, settings}));
}

/**
 * Load the settings again whenever another tab changes them.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function followSettings(app, signal) {
  app.local.watch((key) => key === KEY && loadSettings(app), signal);
}

/**
 * @param {App} app
 * @param {Partial<Settings>} change
 */
export function changeSettings(app, change) {
  app.store.update((state) => ({...state, settings: {...state.settings, ...change}}));
  app.local.set(KEY, app.store.get().settings);
}
