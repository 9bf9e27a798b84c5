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
});
