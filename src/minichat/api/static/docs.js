// The script of the documentation page. It is a separate file, because the page's policy allows no inline script.
// The chat may stand under a path, so addresses are relative to this file.
const SCHEME = "bearer";
const STORED = "minichat-api-token";

// Swagger UI has colours for the dark, but chooses them by its own switch alone.
const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

// Swagger UI would keep the token in this place for ever.
localStorage.removeItem("authorized");

// The token lives as long as the tab, and ends with "Log out" in the dialog.
const keepingTheToken = {
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (original) => (payload) => {
          sessionStorage.setItem(STORED, payload[SCHEME]?.value ?? "");
          return original(payload);
        },
        logout: (original) => (payload) => {
          sessionStorage.removeItem(STORED);
          return original(payload);
        },
      },
    },
  },
};

// A log-out or a deletion of the account, tried out on this page, ends the session of the token.
function forgetEndedSession(response) {
  const path = new URL(response.url, location.href).pathname;
  const hasEnded =
    (path.endsWith("/api/auth/logout/") && response.status === 200) ||
    (path.endsWith("/api/auth/me/") && response.status === 204);
  if (hasEnded) window.ui.authActions.logout([SCHEME]);
  return response;
}

function authorizeAgain() {
  const value = sessionStorage.getItem(STORED);
  if (!value) return;
  const schema = window.ui.specSelectors.specJson().getIn(["components", "securitySchemes", SCHEME]);
  window.ui.authActions.authorize({[SCHEME]: {name: SCHEME, schema, value}});
}

// Opened at another address than the public one, the page may call only its own: select that server.
function selectOwnServer() {
  const {oas3Actions, specSelectors} = window.ui.getSystem();
  const urls = specSelectors
    .specJson()
    .get("servers")
    .map((server) => server.get("url"))
    .toJS();
  const own = urls.find((url) => new URL(url, location.href).origin === location.origin);
  if (own) oas3Actions.setSelectedServer(own);
}

window.ui = SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  plugins: [keepingTheToken],
  responseInterceptor: forgetEndedSession,
  onComplete: () => {
    selectOwnServer();
    authorizeAgain();
  },
});
