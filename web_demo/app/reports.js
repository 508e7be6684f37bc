// The two buttons about the device: the self-test's table, and the benchmark with what it was measured on.
import { el, table } from "./dom.js";
import { count, duration, error, percentile } from "./format.js";

const WARM_UP = 3;
const SECONDS = 4;
const MOST_RUNS = 200;

/** @param {any} report of the kit's self-test */
export function selfTestReport(report, answererName) {
  const { verdict: whole, signatures, tokenizerMismatches } = report;
  const rows = signatures.map(({ name, cases, maxAbsError, verdict, p50Ms }) => [
    /^\d+$/.test(name) ? count(Number(name), "token") : name,
    String(cases),
    maxAbsError === null ? "–" : error(maxAbsError),
    el("span", { className: `verdict-${verdict}` }, verdict),
    p50Ms === null ? "–" : duration(p50Ms),
  ]);
  const headers = ["Signature", "Cases", "Max error", "Verdict", "p50"];
  const tokens = `Tokenizer (${answererName}): ${tokenizerMismatches ? count(tokenizerMismatches, "text") + " differ" : "all ids equal"}.`;
  return {
    nodes: [table(`Self-test: ${whole}`, headers, rows), el("p", { className: "quiet" }, tokens)],
    summary: `Self-test: ${whole}. ${tokens}`,
  };
}

/**
 * Answers one question for a few seconds, after a warm-up.
 * @param {() => Promise<import("./answerers.js").Answered>} answer
 * @param {(share: number) => void} progress from 0 to 1
 */
export async function benchmark(answer, progress) {
  let last = await answer();
  for (let run = 1; run < WARM_UP; run++) last = await answer();
  const whole = [];
  const model = [];
  const began = performance.now();
  let elapsed = 0;
  while (whole.length < MOST_RUNS && (elapsed < 1000 * SECONDS || whole.length < 2)) {
    last = await answer();
    whole.push(last.times.whole);
    model.push(last.times.model);
    elapsed = performance.now() - began;
    progress(Math.min(1, Math.max(elapsed / (1000 * SECONDS), whole.length / MOST_RUNS)));
  }
  return { runs: whole.length, tokens: last.tokens, passes: last.passes, whole: spread(whole), model: spread(model) };
}

const spread = (values) => ({ p50: percentile(values, 0.5), p95: percentile(values, 0.95) });

export function benchmarkReport({ runs, tokens, passes, whole, model }, bundle) {
  const row = (name, { p50, p95 }) => [name, duration(p50), duration(p95)];
  const about = `Benchmark: ${count(runs, "run")}, ${count(tokens, "token")}${passes > 1 ? ` in ${passes} passes` : ""}`;
  const rows = [row("Text to answer", whole), row("Model alone", model)];
  const lines = machine(bundle).map((text) => el("li", {}, text));
  return {
    nodes: [table(about, ["", "p50", "p95"], rows), el("ul", { className: "quiet machine" }, ...lines)],
    summary: `Text to answer: ${duration(whole.p50)}, model alone: ${duration(model.p50)} (p50 of ${runs}).`,
  };
}

/** What the figures are of, as far as a browser says it. */
function machine({ runtime, threads }) {
  const { userAgent, hardwareConcurrency, deviceMemory, userAgentData } = navigator;
  const brands = userAgentData?.brands.filter(({ brand }) => !/not.?a.?brand/i.test(brand)) ?? [];
  const browser = brands.length ? brands.map(({ brand, version }) => `${brand} ${version}`).join(", ") : userAgent;
  const platform = userAgentData?.platform ? ` on ${userAgentData.platform}` : "";
  const memory = deviceMemory ? `, ${deviceMemory} GB of memory or more` : "";
  return [
    `${runtime}, WebAssembly on the CPU, ${count(threads, "thread")}; no GPU and no neural engine is used.`,
    `${browser}${platform}; ${count(hardwareConcurrency, "logical core")}${memory}.`,
    `Measured in this tab just now. The browser’s clock has steps of ${globalThis.crossOriginIsolated ? "5 µs" : "0.1 ms"}; other tabs, heat and battery saving move the figures.`,
  ];
}
