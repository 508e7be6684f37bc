// @ts-check
/** Logits to scores, and scores in their order, as NumPy sorts them. */

import { damaged } from "./errors.js";

/** @typedef {Float64Array} Vector */

/**
 * @param {Vector} logits
 * @returns {Vector} probabilities, in float64
 */
export function softmax(logits) {
  let largest = -Infinity;
  for (const logit of logits) largest = logit > largest || Number.isNaN(logit) ? logit : largest;
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * @param {Vector} logits
 * @returns {Vector} by the hyperbolic tangent, which never overflows
 */
const sigmoid = (logits) => logits.map((logit) => 0.5 * (1 + Math.tanh(0.5 * logit)));

/** @type {Record<string, (logits: Vector) => Vector>} */
const ACTIVATIONS = { softmax, sigmoid, none: (logits) => logits };

/**
 * The scores by the activation that the decode rules name.
 *
 * @param {Vector} logits
 * @param {unknown} activation
 * @returns {Vector}
 */
export function activated(logits, activation) {
  if (typeof activation !== "string" || !Object.hasOwn(ACTIVATIONS, activation)) {
    throw damaged(`The decode rules have no activation ${JSON.stringify(activation)}.`);
  }
  return ACTIVATIONS[activation](logits);
}

/**
 * The place of the largest, of equal ones the first; of the first that is no number, where one is none.
 *
 * @param {Vector} values not empty
 * @returns {number}
 */
export function argmax(values) {
  let best = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) return i;
    if (values[i] > values[best]) best = i;
  }
  return best;
}

/** @type {(one: number, other: number) => boolean} whether a score stands before another; no number is the last */
const isBefore = (one, other) => one > other || (Number.isNaN(other) && !Number.isNaN(one));

/**
 * The best of many, best first and of equal ones the earlier first.
 *
 * @template T
 */
export class Best {
  /** @param {number} limit how many are kept */
  constructor(limit) {
    this.limit = limit;
    /** @type {{score: number, item: T}[]} */
    this.found = [];
  }

  /**
   * @param {number} score
   * @param {T} item
   */
  add(score, item) {
    const { found, limit } = this;
    if (found.length >= limit && (limit <= 0 || !isBefore(score, found[limit - 1].score))) return;
    let low = 0;
    for (let high = found.length; low < high;) {
      const middle = (low + high) >> 1;
      if (isBefore(score, found[middle].score)) high = middle;
      else low = middle + 1;
    }
    found.splice(low, 0, { score, item });
    if (found.length > limit) found.pop();
  }
}

/** Above this, sorting all is quicker than keeping the best in order. */
const MOST_KEPT = 64;

/**
 * The places of the best scores, best first; `topK` cuts the list as a Python slice does, and null takes all.
 *
 * @param {Vector} scores
 * @param {number | null} topK
 * @returns {number[]}
 */
export function order(scores, topK) {
  if (topK !== null && topK >= 0 && topK <= MOST_KEPT) {
    /** @type {Best<number>} */
    const best = new Best(topK);
    scores.forEach((score, place) => best.add(score, place));
    return best.found.map(({ item }) => item);
  }
  const compare = (/** @type {number} */ one, /** @type {number} */ other) =>
    Number(isBefore(scores[other], scores[one])) - Number(isBefore(scores[one], scores[other]));
  return Array.from(scores.keys())
    .sort(compare)
    .slice(0, topK ?? undefined);
}
