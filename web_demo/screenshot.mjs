#!/usr/bin/env node
// A picture of the built page for the README: two phones side by side, an answer in light and one in dark.
//   npm run screenshot -- --dist dist --out ../docs/web_demo.png [--chromium /usr/bin/chromium] [--left NAME] [--right NAME]
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { folderServer } from "./serve.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PHONE = { width: 412, height: 915 };
const GAP = 24;
const WARM_UP = 5;

const { values } = parseArgs({
  options: {
    dist: { type: "string", default: path.join(HERE, "dist") },
    out: { type: "string", default: path.join(HERE, "../docs/web_demo.png") },
    modules: { type: "string", default: path.join(HERE, "node_modules") },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    left: { type: "string" },
    right: { type: "string" },
  },
});
const { chromium } = createRequire(path.join(path.resolve(values.modules), "x.mjs"))("playwright-core");

const server = folderServer(values.dist);
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://localhost:${server.address().port}/`;
const browser = await chromium.launch({ executablePath: values.chromium, args: ["--no-sandbox"] });

/** Waits until an expression is true; the page's policy forbids it to evaluate one, so it is asked from here. */
async function until(page, expression) {
  while (!(await page.evaluate(expression))) await page.waitForTimeout(50);
}

/** The page with the first example of a bundle answered and its self-test run, as a phone shows it. */
async function phone(name, colorScheme) {
  const context = await browser.newContext({ viewport: PHONE, hasTouch: true, isMobile: true, colorScheme });
  const page = await context.newPage();
  await page.goto(name ? `${url}#${encodeURIComponent(name)}` : url);
  await until(page, "performance.getEntriesByName('edgelm-ready').length");
  // The first answers of a page are slow: its code is not compiled yet.
  for (let answers = 1; answers <= WARM_UP; answers++) {
    await page.getByRole("button", { name: "Answer", exact: true }).click();
    await until(page, `performance.getEntriesByName("edgelm-answered").length === ${answers}`);
  }
  await page.getByRole("button", { name: "Self-test" }).click();
  await until(page, "document.querySelector('#report table') !== null");
  await page.evaluate("document.activeElement.blur(); document.querySelector('#ask-title').closest('.card').scrollIntoView()");
  await page.waitForTimeout(400); // the bars' transition
  const picture = await page.screenshot();
  await context.close();
  return picture.toString("base64");
}

const pictures = [await phone(values.left, "light"), await phone(values.right, "dark")];
const page = await browser.newPage({ viewport: { width: 2 * PHONE.width + 3 * GAP, height: PHONE.height + 2 * GAP } });
const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture}">`).join("");
await page.setContent(`<style>
  body { margin: 0; padding: ${GAP}px; display: flex; gap: ${GAP}px; background: #e9ecf1; }
  img { width: ${PHONE.width}px; border-radius: 20px; box-shadow: 0 2px 12px #0003; }
</style>${images}`);
await page.screenshot({ path: values.out });
await browser.close();
server.close();
console.log(values.out);
