// Headless Chromium behind JSON lines: `node browser.mjs NODE_MODULES CHROMIUM`. Each line on stdin is {"op": ..., ...}, each
// line on stdout {"ok": ...} or {"error": "..."}. It sees pages as a person does: by labels and roles.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "browser.mjs"));
const { chromium } = require("playwright-core");

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
let context = null;
let page = null;
/** What the page did: every address it asked for, every line of its console, every uncaught error. */
let log = null;

const OPS = {
  /** A fresh profile on a page; `init` is a script that runs in it first. */
  async goto({ url, width = 1200, height = 900, dark = false, init }) {
    await context?.close();
    const colorScheme = dark ? "dark" : "light";
    context = await browser.newContext({ viewport: { width, height }, colorScheme });
    log = { requests: [], console: [], errors: [] };
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    context.on("request", (request) => log.requests.push(request.url()));
    page.on("console", (message) => log.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => log.errors.push(String(error)));
    if (init) await page.addInitScript({ content: init });
    await page.goto(url);
  },
  reload: async () => void (await page.reload()),
  /** The value of an expression in the page. */
  eval: ({ script }) => page.evaluate(script),
  /** Waits until an expression is true in the page; asked from here, since the page's policy forbids it to evaluate any. */
  async wait({ script, timeout_s = 30 }) {
    const end = Date.now() + 1000 * timeout_s;
    while (!(await page.evaluate(script))) {
      if (Date.now() > end) throw new Error(`not true after ${timeout_s} s: ${script}`);
      await new Promise((again) => setTimeout(again, 20));
    }
  },
  fill: ({ label, text }) => page.getByRole("textbox", { name: label, exact: true }).fill(text),
  select: ({ label, value }) => page.getByRole("combobox", { name: label, exact: true }).selectOption(value),
  check: ({ label }) => page.getByRole("checkbox", { name: label, exact: true }).check(),
  click: ({ role = "button", name }) => page.getByRole(role, { name, exact: true }).click(),
  summary: ({ text }) => page.locator("summary", { hasText: text }).click(),
  text: ({ selector }) => page.locator(selector).innerText(),
  press: ({ key }) => page.keyboard.press(key),
  type: ({ text }) => page.keyboard.insertText(text),
  offline: ({ on }) => context.setOffline(on),
  screenshot: async ({ file }) => void (await page.screenshot({ path: file, fullPage: true })),
  log: () => log,
  /** axe-core's violations: rule, impact and what it is about. */
  async axe() {
    await page.evaluate(await readFile(require.resolve("axe-core/axe.min.js"), "utf8"));
    const { violations } = await page.evaluate("axe.run(document, {resultTypes: ['violations']})");
    return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.map((node) => node.html) }));
  },
  /** The accessibility tree: role, name and whether the keyboard reaches it, of each node that is not ignored. */
  async tree() {
    const session = await context.newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    const property = (node, name) => node.properties?.find((found) => found.name === name)?.value.value ?? null;
    return nodes
      .filter((node) => !node.ignored)
      .map((node) => ({
        role: node.role?.value,
        name: node.name?.value ?? "",
        focusable: property(node, "focusable") === true,
        live: property(node, "live"),
      }));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...request } = JSON.parse(line);
  try {
    const ok = await OPS[op](request);
    process.stdout.write(`${JSON.stringify({ ok: ok ?? null })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: `${op}: ${error.message}` })}\n`);
  }
}
await browser.close();
