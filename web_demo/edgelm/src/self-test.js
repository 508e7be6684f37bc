// @ts-check
/** Replays a bundle's golden inputs on the device's runtime, and says what came of it. */

import { Difference } from "./difference.js";
import { readGolden } from "./golden.js";

/** @typedef {import("./bundle.js").Bundle} Bundle */
/** @typedef {import("./golden.js").Case} Case */
/** @typedef {import("./tensors.js").Tensors} Tensors */
/** @typedef {"pass" | "fail" | "unmeasured"} Verdict nothing compared is `unmeasured`, never a pass */

/**
 * What came of one signature of the model: one of its fixed lengths, or a length of the texts where it takes any.
 *
 * @typedef {object} SignatureReport
 * @property {string} name
 * @property {number} cases
 * @property {number | null} maxAbsError null where an output has another shape, or is no number
 * @property {Verdict} verdict
 * @property {number | null} p50Ms the median of all timed runs; null where none was
 */

/**
 * @typedef {object} SelfTest
 * @property {Verdict} verdict
 * @property {number} tokenizerMismatches golden texts whose ids here are not those of their golden inputs
 * @property {SignatureReport[]} signatures
 */

/** What is known of the cases of one signature. */
class Measured {
  constructor() {
    this.cases = 0;
    /** @type {Map<string, Difference>} by output */
    this.differences = new Map();
    /** @type {number[]} */
    this.milliseconds = [];
  }

  /**
   * @param {Case} example
   * @param {Tensors} found
   */
  compare(example, found) {
    this.cases++;
    for (const [name, { shape, data }] of Object.entries(example.outputs)) {
      const difference = this.differences.get(name) ?? new Difference(name);
      this.differences.set(name, difference);
      const own = Object.hasOwn(found, name) ? found[name].data : new Float32Array();
      difference.add(
        /** @type {Float32Array} */ (data),
        /** @type {Float32Array} */ (own),
        shape[shape.length - 1] ?? 1,
      );
    }
  }

  /**
   * @param {string} name
   * @param {import("./json.js").JsonObject} tolerance
   * @returns {SignatureReport}
   */
  report(name, tolerance) {
    const differences = [...this.differences.values()];
    const error = differences.reduce((most, { maxAbs }) => Math.max(most, maxAbs), 0);
    const isCompared =
      differences.length > 0 && differences.every(({ count, maxAbs }) => count > 0 || Number.isNaN(maxAbs));
    const isPassed = differences.every((difference) => difference.isWithin(tolerance));
    return {
      name,
      cases: this.cases,
      maxAbsError: isCompared && Number.isFinite(error) ? error : null,
      verdict: !isCompared ? "unmeasured" : isPassed ? "pass" : "fail",
      p50Ms: median(this.milliseconds),
    };
  }
}

/**
 * @param {number[]} values
 * @returns {number | null}
 */
function median(values) {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The signature that a text of a length is read by.
 *
 * @param {Bundle} bundle
 * @param {number} length
 * @returns {string}
 */
function signatureName({ lengths, signatures }, length) {
  const fixed = lengths.find((size) => size >= length);
  const named = Object.entries(signatures).find(([, size]) => size === fixed && size !== null);
  return named?.[0] ?? String(fixed ?? length);
}

/**
 * Whether a case's text gives the ids of its input here.
 *
 * @param {import("./tokenizer.js").Tokenizer} tokenizer
 * @param {Case} example
 * @returns {boolean}
 */
function hasSameIds(tokenizer, { texts, inputs }) {
  const [text, pair = /** @type {string | null} */ (null)] = texts;
  const ids = Array.from(inputs.input_ids.data, Number);
  const whole = tokenizer.encode(text, pair);
  const found = whole.length > ids.length ? tokenizer.cut(text, pair, ids.length) : whole;
  return found.length === ids.length && found.ids.every((id, i) => id === ids[i]);
}

/**
 * @param {Verdict[]} verdicts
 * @returns {Verdict} fail beats unmeasured beats pass; of none, unmeasured
 */
function worst(verdicts) {
  if (verdicts.includes("fail")) return "fail";
  return verdicts.length === 0 || verdicts.includes("unmeasured") ? "unmeasured" : "pass";
}

/**
 * @param {Bundle} bundle
 * @param {import("./tokenizer.js").Tokenizer} tokenizer
 * @param {import("./tensors.js").Runner} runner
 * @param {number} repeat timed runs of each case
 * @returns {Promise<SelfTest>}
 */
export async function selfTest(bundle, tokenizer, runner, repeat) {
  const { cases, tolerance } = readGolden(bundle);
  /** @type {Map<string, Measured>} */
  const measured = new Map();
  for (const example of cases) {
    const name = signatureName(bundle, example.inputs.input_ids.shape[1]);
    const own = measured.get(name) ?? new Measured();
    measured.set(name, own);
    own.compare(example, await runner.run(example.inputs));
    for (let i = 0; i < repeat; i++) {
      const start = performance.now();
      await runner.run(example.inputs);
      own.milliseconds.push(performance.now() - start);
    }
  }
  const tokenizerMismatches = cases.filter((example) => !hasSameIds(tokenizer, example)).length;
  const signatures = Array.from(measured, ([name, own]) => own.report(name, tolerance));
  const verdicts = signatures.map(({ verdict }) => verdict);
  return { verdict: tokenizerMismatches > 0 ? "fail" : worst(verdicts), tokenizerMismatches, signatures };
}
