// Loads the client, whose files all have one version in their address. If one of them is missing, the server has
// another version: say so and offer to load the page again, instead of staying white. The address of this file has no
// version, so its index page may be older or newer. It relies on `data-main` of that page alone.

const TEXTS = {
  en: {sentence: "minichat could not be loaded. There may be a new version.", reload: "Load again"},
  ru: {sentence: "Не удалось загрузить minichat. Возможно, вышла новая версия.", reload: "Загрузить снова"},
};

function showFailure() {
  const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in TEXTS) ?? "en";
  const {sentence, reload} = TEXTS[/** @type {keyof typeof TEXTS} */ (language)];
  const paragraph = document.createElement("p");
  paragraph.append(sentence);
  const button = document.createElement("button");
  button.append(reload);
  button.addEventListener("click", () => location.reload());
  const main = document.createElement("main");
  main.setAttribute("role", "alert");
  main.lang = language;
  // The style sheets may be missing, too.
  main.style.cssText = "display: grid; gap: 16px; place-items: center; padding: 20vh 16px; font: 16px system-ui";
  main.append(paragraph, button);
  document.body.replaceChildren(main);
}

try {
  // A browser runs this script when it has loaded the style sheets or failed to.
  const sheets = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel="stylesheet"]'));
  if ([...sheets].some((link) => link.sheet === null)) throw new Error("A style sheet is missing.");
  await import(new URL(document.documentElement.dataset.main ?? "", document.baseURI).href);
} catch (error) {
  console.error(error);
  showFailure();
}
