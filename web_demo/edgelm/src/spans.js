// @ts-check
/** Answers inside a context, as Hugging Face's QuestionAnsweringPipeline found them. */

import { Best, softmax } from "./scores.js";
import { lowerCase } from "./unicode.js";

/** @typedef {import("./encoding.js").Encoding} Encoding */
/** @typedef {Float64Array} Vector */

/** @typedef {{score: number, start: number, end: number}} Span in UTF-16 code units of the context */
/** @typedef {{score: number, start: number, end: number, answer: string}} SpanAnswer */

/** The logit of a token that no answer begins or ends at. */
const NEVER = -10000;

/**
 * The best spans inside the context of one window.
 *
 * @param {Vector} startLogits
 * @param {Vector} endLogits
 * @param {Encoding} encoding
 * @param {number} longest in tokens
 * @param {number} count
 * @returns {Span[]}
 */
export function spanCandidates(startLogits, endLogits, encoding, longest, count) {
  const isContext = encoding.sequenceIds.map((id) => id === 1);
  const chances = [startLogits, endLogits].map((logits) => {
    // The first token takes what no answer has.
    const scores = softmax(logits.map((logit, i) => (i === 0 || isContext[i] ? logit : NEVER)));
    return scores.map((score, i) => (isContext[i] ? score : 0));
  });
  /** @type {Best<[number, number]>} */
  const best = new Best(count);
  for (let first = 0; first < encoding.length; first++) {
    for (let last = first; last < Math.min(first + longest, encoding.length); last++) {
      const score = chances[0][first] * chances[1][last];
      if (score > 0) best.add(score, [first, last]);
    }
  }
  return best.found.map(({ score, item: [first, last] }) => {
    return { score, start: wordOffsets(encoding, first)[0], end: wordOffsets(encoding, last)[1] };
  });
}

/**
 * Where a token's word begins and ends, or the token itself where the tokenizer knows no words.
 *
 * @param {Encoding} encoding
 * @param {number} token
 * @returns {[number, number]}
 */
function wordOffsets(encoding, token) {
  const word = encoding.wordIds[token];
  return (word === null ? null : encoding.wordOffsets(word, 1)) ?? encoding.offsets[token];
}

/**
 * The best answers over all windows. Spans of the same words are one answer, with the sum of their scores.
 *
 * @param {Span[]} candidates
 * @param {string} context
 * @param {number} topK
 * @returns {SpanAnswer[]}
 */
export function bestSpans(candidates, context, topK) {
  /** @type {Map<string, SpanAnswer>} */
  const answers = new Map();
  for (const { score, start, end } of candidates) {
    const answer = context.slice(start, end);
    const key = lowerCase(answer);
    const known = answers.get(key);
    if (known === undefined) answers.set(key, { score, start, end, answer });
    else known.score += score;
  }
  return [...answers.values()].sort((one, other) => other.score - one.score).slice(0, topK);
}
