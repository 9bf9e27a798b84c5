/**
 * A newcomer in Firefox, over WebDriver BiDi: registers, makes a room, writes, and sees an answer at once. Run by
 * tests/foreign/test_firefox.py with the address of a server and the program.
 */
import puppeteer from "puppeteer-core";

const [address, executablePath, username, password] = process.argv.slice(2);
const browser = await puppeteer.launch({browser: "firefox", executablePath, headless: true});
try {
  const first = await tab("#/register");
  await fill(first, "[name=username]", username);
  await fill(first, "[name=first_name]", "Nina");
  await fill(first, "[name=password]", password);
  await press(first, "Create account");
  await press(first, "New chat or room");
  await first.locator("::-p-aria([role='menuitem'][name='New room'])").click();
  await fill(first, "dialog input", "Kitchen");
  await press(first, "Create room");
  await say(first, "hello");
  await sees(first, "hello");

  const second = await tab("#/log-in");
  await fill(second, "[name=username]", username);
  await fill(second, "[name=password]", password);
  await press(second, "Log in");
  await second.locator("a[href='#/rooms/1']").click();
  await sees(second, "hello");
  await say(second, "hello from elsewhere");
  await sees(first, "hello from elsewhere");
} finally {
  await browser.close();
}

/**
 * Open an address in a profile of its own.
 * @param {string} hash
 */
async function tab(hash) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", fail);
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && fail(message.text()));
  await page.goto(`${address}/${hash}`);
  return page;
}

/** @param {unknown} complaint */
function fail(complaint) {
  console.error(complaint);
  process.exitCode = 1;
}

/** @param {import("puppeteer-core").Page} page @param {string} selector @param {string} value */
async function fill(page, selector, value) {
  await page.locator(selector).fill(value);
}

/** @param {import("puppeteer-core").Page} page @param {string} name */
async function press(page, name) {
  await page.locator(`::-p-aria([role='button'][name='${name}'])`).click();
}

/** @param {import("puppeteer-core").Page} page @param {string} text */
async function say(page, text) {
  await page.locator(".composer-input").fill(text);
  await page.keyboard.press("Enter");
}

/** Wait until the server has this message. @param {import("puppeteer-core").Page} page @param {string} text */
async function sees(page, text) {
  await page.locator(`article:not(.is-pending) ::-p-text(${text})`).wait();
}
