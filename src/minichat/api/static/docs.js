// The script of the documentation page. It is a separate file, because the page's policy allows no inline script.
// The chat may stand under a path, so addresses are relative to this file.
window.ui = SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete: () => {
    // Opened at another address than the public one, the page may call only its own: select that server.
    const {oas3Actions, specSelectors} = window.ui.getSystem();
    const urls = specSelectors
      .specJson()
      .get("servers")
      .map((server) => server.get("url"))
      .toJS();
    const own = urls.find((url) => new URL(url, location.href).origin === location.origin);
    if (own) oas3Actions.setSelectedServer(own);
  },
});
