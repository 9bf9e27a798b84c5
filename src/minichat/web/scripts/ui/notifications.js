/**
 * Notifications of the browser: permission and display. Phones show none for a page without a service worker, which says
 * so by an exception. It knows nothing of messages.
 */

/** @returns {"unsupported" | "denied" | "default" | "granted"} */
export function permission() {
  return "Notification" in globalThis && globalThis.isSecureContext ? Notification.permission : "unsupported";
}

/** Ask the user. Resolves to whether they agree. */
export async function askPermission() {
  if (permission() === "unsupported") return false;
  return (await Notification.requestPermission()) === "granted";
}

/**
 * @param {string} title
 * @param {{body: string, icon?: string, tag: string}} options One notification of a tag is shown at a time.
 * @param {() => void} [onclick]
 * @returns {Notification | null} Null if the browser shows none.
 */
export function notify(title, options, onclick) {
  if (permission() !== "granted") return null;
  try {
    // The page plays its own sound, once for all tabs.
    const notification = new Notification(title, {...options, silent: true});
    notification.onclick = () => {
      globalThis.focus();
      notification.close();
      onclick?.();
    };
    return notification;
  } catch {
    return null;
  }
}
