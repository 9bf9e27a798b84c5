/**
 * The composition root of the web client: makes the app, follows the address, and shows the first page. It holds no rule
 * and no text.
 */

import {showPage} from "./actions/rooms.js";
import {start} from "./actions/session.js";
import {followSettings, loadSettings} from "./actions/settings.js";
import {makeApp} from "./app.js";
import {href, watchAddress} from "./router.js";
import {putBelow} from "./ui/layers.js";
import {root} from "./views/root.js";

const {api} = document.documentElement.dataset;
const base = new URL(api ? api.replace(/\/*$/, "/") : ".", location.href.split("#")[0]);
const app = makeApp(base);
const {signal} = new AbortController(); // the page's whole life

loadSettings(app);
putBelow(href({page: "home"}));
followSettings(app, signal);
watchAddress((route) => showPage(app, route), signal);
await root(app, /** @type {HTMLElement} */ (document.getElementById("app")), signal);
await start(app, signal);
