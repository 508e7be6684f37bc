#!/usr/bin/env node
// Cold start and latency of a built page in headless Chromium, as one JSON object; benchmarks/web.py makes tables of it.
//   node measure.mjs --dist dist --rounds 5 --modules node_modules --chromium /usr/bin/chromium
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { folderServer } from "./serve.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    dist: { type: "string", default: path.join(HERE, "dist") },
    rounds: { type: "string", default: "5" },
    modules: { type: "string", default: path.join(HERE, "node_modules") },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
const { chromium } = createRequire(path.join(path.resolve(values.modules), "x.mjs"))("playwright-core");

const marked = (name) => `performance.getEntriesByName("edgelm-${name}").at(-1)?.startTime ?? 0`;
const FAILED = "document.querySelector('#error').textContent";

/** The value of an expression once it is neither 0 nor null; throws with the page's words when it shows an error. */
async function until(page, expression) {
  for (;;) {
    const [found, error] = await page.evaluate(`[${expression}, ${FAILED}]`);
    if (error) throw new Error(error);
    if (found) return found;
    await page.waitForTimeout(25); // the marks have the times; to ask more often would cost the page its own
  }
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

/** Milliseconds from the navigation to a bundle that is ready, and from the press of the button to the first answer. */
async function start(page, load) {
  await load();
  const ready = await until(page, marked("ready"));
  const pressed = await page.evaluate("performance.now()");
  await press(page, "Answer");
  return { ready, first_answer: (await until(page, marked("answered"))) - pressed };
}

/** The benchmark's table as the page shows it, in milliseconds. */
async function latency(page) {
  await press(page, "Benchmark");
  await until(page, "document.querySelector('#report table') !== null");
  const rows = await page.evaluate("[...document.querySelectorAll('#report tbody td')].map((cell) => cell.textContent)");
  const [whole_p50, whole_p95, model_p50, model_p95] = rows.map(milliseconds);
  return { about: await page.locator("#report caption").innerText(), whole_p50, whole_p95, model_p50, model_p95 };
}

function milliseconds(text) {
  const [figure, unit] = text.split(" ");
  return Number(figure) * (unit === "s" ? 1000 : 1);
}

/** One browser process with an empty profile: its first visit, its second, and the benchmark. */
async function round(url, name, isLast) {
  const browser = await chromium.launch({ executablePath: values.chromium, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(300_000);
    const cold = await start(page, () => page.goto(`${url}#${encodeURIComponent(name)}`));
    const again = await start(page, () => page.reload());
    return { cold, again, browser: browser.version(), ...(isLast && { latency: await latency(page) }) };
  } finally {
    await browser.close();
  }
}

const { bundles } = JSON.parse(await readFile(path.join(values.dist, "bundles/index.json"), "utf8"));
const results = [];
for (const isolated of [true, false]) {
  const server = folderServer(values.dist, { isolated });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://localhost:${server.address().port}/`;
  for (const bundle of bundles) {
    const rounds = [];
    for (let done = 1; done <= Number(values.rounds); done++) {
      rounds.push(await round(url, bundle.name, done === Number(values.rounds)));
    }
    results.push({ ...bundle, isolated, rounds });
  }
  server.close();
}
console.log(JSON.stringify(results));
