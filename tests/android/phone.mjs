// An APK's page in headless Chromium, as a phone's WebView shows it: `node phone.mjs NODE_MODULES CHROMIUM SERVER`.
// JSON lines as of tests/web/browser.mjs. SERVER (server/Server.kt) answers every request of the page by the app's own
// code, and `goto` with `core` gives the page the app's JavaScript interface; the real Kotlin kit answers its calls there.
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";

const [modules, executablePath, server] = process.argv.slice(2);
const { chromium } = createRequire(path.join(path.resolve(modules), "phone.mjs"))("playwright-core");
const HOME = "https://appassets.androidplatform.net/index.html";
const CORE = "https://appassets.androidplatform.net/.core";
// A Pixel 5's screen.
const PHONE = { viewport: { width: 393, height: 727 }, deviceScaleFactor: 2.75, isMobile: true, hasTouch: true };
const PATIENCE_MS = 120_000;

const BRIDGE = `window.EdgeLMCore = {
  call(json) {
    const request = new XMLHttpRequest();
    request.open("POST", ${JSON.stringify(CORE)}, false);
    request.send(json);
    return request.responseText;
  },
};`;

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
let context = null;
let page = null;
let log = null;

/** What `shouldInterceptRequest` does: the site answers, whatever is asked. */
async function intercept(route) {
  const request = route.request();
  if (request.url() === CORE) {
    const reply = await fetch(`${server}/core`, { method: "POST", body: request.postData() });
    await route.fulfill({ body: await reply.text(), contentType: "application/json" });
    return;
  }
  const found = await fetch(`${server}/site?url=${encodeURIComponent(request.url())}`, { method: request.method() });
  log.replies.push([found.status, request.url()]);
  const headers = Object.fromEntries([...found.headers].filter(([name]) => !name.startsWith("transfer-")));
  await route.fulfill({ status: found.status, headers, body: Buffer.from(await found.arrayBuffer()) });
}

const OPS = {
  async goto({ bundle, core, dark = false }) {
    await context?.close();
    log = { replies: [], console: [], errors: [] };
    context = await browser.newContext({ ...PHONE, colorScheme: dark ? "dark" : "light" });
    page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (message) => log.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => log.errors.push(String(error)));
    await context.route("**/*", intercept);
    if (core) await page.addInitScript({ content: BRIDGE });
    await page.goto(`${HOME}#${bundle}`);
  },
  eval: ({ script }) => page.evaluate(script),
  /** Waits until an expression is true in the page; asked from here, since the page's policy allows it no eval. */
  async wait({ script }) {
    const end = Date.now() + PATIENCE_MS;
    while (!(await page.evaluate(`Boolean(${script})`))) {
      if (Date.now() > end) throw new Error(`not true after ${PATIENCE_MS} ms: ${script}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
  fill: ({ label, text }) => page.getByLabel(label, { exact: true }).fill(text),
  tap: ({ name }) => page.getByRole("button", { name, exact: true }).tap(),
  summary: ({ text }) => page.locator("summary", { hasText: text }).click(),
  text: ({ selector }) => page.locator(selector).innerText(),
  screenshot: async ({ file }) => void (await page.screenshot({ path: file, fullPage: true })),
  log: () => log,
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
