// @ts-check
/** How far a model's outputs are from those that were expected, by the measures of edgelm's own proof. */

import { argmax } from "./scores.js";

/** @typedef {import("./json.js").JsonObject} JsonObject */

/** Scores this close, as a share of the larger where that exceeds one, may change places by round-off alone. */
const TIE = 1e-5;
/** Of the longest output: one shorter than that, as two logits near zero, has no direction that survives rounding. */
const DIRECTED = 0.05;

/** What two runs differ by on one output, over any number of texts. */
export class Difference {
  /** @param {string} name of the output */
  constructor(name) {
    this.decides = name.includes("logits");
    this.maxAbs = 0;
    this.peak = 0;
    this.sumAbs = 0;
    this.count = 0;
    this.signal = 0;
    this.noise = 0;
    this.agreed = 0;
    this.decided = 0;
    /** @type {{length: number, cosine: number}[]} of each text */
    this.texts = [];
  }

  /**
   * Count one text's output.
   *
   * @param {Float32Array} wanted
   * @param {Float32Array} found
   * @param {number} width of the last axis
   */
  add(wanted, found, width) {
    if (wanted.length !== found.length) {
      this.maxAbs = NaN;
      return;
    }
    let dot = 0;
    let wantedSquares = 0;
    let foundSquares = 0;
    for (let i = 0; i < wanted.length; i++) {
      const error = Math.abs(wanted[i] - found[i]);
      // Math.max would keep no number that is none out of it; it is one from here on.
      this.maxAbs = Math.max(this.maxAbs, error);
      this.peak = Math.max(this.peak, Math.abs(wanted[i]));
      this.sumAbs += error;
      this.noise += error * error;
      dot += wanted[i] * found[i];
      wantedSquares += wanted[i] * wanted[i];
      foundSquares += found[i] * found[i];
    }
    this.signal += wantedSquares;
    this.count += wanted.length;
    const lengths = Math.sqrt(wantedSquares) * Math.sqrt(foundSquares);
    const isEqual = wantedSquares === foundSquares;
    this.texts.push({ length: Math.sqrt(wantedSquares), cosine: lengths > 0 ? dot / lengths : Number(isEqual) });
    if (this.decides && width > 1) this.decide(wanted, found, width);
  }

  /**
   * Count how often the largest of the last axis is at the same place, or at one that ties with it.
   *
   * @param {Float32Array} wanted
   * @param {Float32Array} found
   * @param {number} width
   */
  decide(wanted, found, width) {
    for (let from = 0; from < wanted.length; from += width) {
      const row = Float64Array.from(wanted.subarray(from, from + width));
      const best = row[argmax(row)];
      const chosen = row[argmax(Float64Array.from(found.subarray(from, from + width)))];
      this.agreed += Number(best - chosen <= TIE * Math.max(1, Math.abs(best)));
      this.decided++;
    }
  }

  /** The cosine of the worst text that has a direction; no number where none has. */
  get worstCosine() {
    const longest = this.texts.reduce((most, { length }) => Math.max(most, length), 0);
    const directed = this.texts.filter(({ length }) => !(length < DIRECTED * longest));
    return directed.length === 0 ? NaN : directed.reduce((least, { cosine }) => Math.min(least, cosine), Infinity);
  }

  /** Signal to quantization noise in dB. */
  get sqnrDb() {
    if (this.count === 0) return NaN;
    return this.noise === 0 ? Infinity : 10 * Math.log10(this.signal / this.noise);
  }

  /**
   * Whether it is within a tolerance, of which null leaves a measure without limit; what is no number never is.
   *
   * @param {JsonObject} tolerance `max_abs`, `mean_abs`, `min_cosine`, `min_sqnr_db`, `min_top1`
   * @returns {boolean}
   */
  isWithin(tolerance) {
    const scale = Math.max(1, this.peak);
    const most = { max_abs: this.maxAbs / scale, mean_abs: this.sumAbs / this.count / scale };
    const least = { min_cosine: this.worstCosine, min_sqnr_db: this.sqnrDb, min_top1: this.agreed / this.decided };
    const limitOf = (/** @type {string} */ name) => /** @type {number | null} */ (tolerance[name] ?? null);
    const isAtMost = Object.entries(most).every(
      ([name, value]) => limitOf(name) === null || value <= Number(limitOf(name)),
    );
    const isAtLeast = Object.entries(least).every(([name, value]) => {
      const isAsked = limitOf(name) !== null && (name !== "min_top1" || this.decided > 0);
      return !isAsked || value >= Number(limitOf(name));
    });
    return !Number.isNaN(this.maxAbs) && isAtMost && isAtLeast;
  }
}
