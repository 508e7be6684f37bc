// @ts-check
/** What cuts a text: characters of a set, a fixed string, or one of the regular expressions that tokenizers use. */

import { damaged, unsupported } from "./errors.js";
import { field, isObject } from "./json.js";
import { codeAt, LETTER, NUMBER, properties, REGEX_SPACE, SPACE, widthOf, WORD } from "./unicode.js";

/** @typedef {[number, number]} Match units of a text: from, to */
/** @typedef {(text: string) => Match[]} Pattern finds what it matches, from left to right, never an empty stretch */

/**
 * Each character that is in one of the sets, alone.
 *
 * @param {number} bits
 * @returns {Pattern}
 */
export function characters(bits) {
  return (text) => {
    /** @type {Match[]} */
    const found = [];
    for (let i = 0; i < text.length;) {
      const code = codeAt(text, i);
      const next = i + widthOf(code);
      if (properties(code) & bits) found.push([i, next]);
      i = next;
    }
    return found;
  };
}

/**
 * @param {string} wanted not empty
 * @returns {Pattern}
 */
export function literal(wanted) {
  return (text) => {
    /** @type {Match[]} */
    const found = [];
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      found.push([at, at + wanted.length]);
    }
    return found;
  };
}

/**
 * The end of the run of characters that `belongs` from a place on.
 *
 * @param {string} text
 * @param {number} from
 * @param {(code: number) => boolean} belongs
 * @returns {number}
 */
function runEnd(text, from, belongs) {
  let i = from;
  while (i < text.length) {
    const code = codeAt(text, i);
    if (!belongs(code)) break;
    i += widthOf(code);
  }
  return i;
}

/**
 * Runs of at least so many characters.
 *
 * @param {(code: number) => boolean} belongs
 * @param {number} least
 * @param {(code: number) => boolean} [alone] characters that count even where the run is shorter, one by one
 * @returns {Pattern}
 */
function runs(belongs, least, alone = () => false) {
  return (text) => {
    /** @type {Match[]} */
    const found = [];
    for (let i = 0; i < text.length;) {
      const end = runEnd(text, i, belongs);
      const next = i + widthOf(codeAt(text, i));
      // All characters that stand in runs here are of one unit.
      if (end - i >= least && end > i) found.push([i, end]);
      else if (alone(codeAt(text, i))) found.push([i, next]);
      i = Math.max(end, next);
    }
    return found;
  };
}

/** @type {(code: number) => boolean} */
const isRegexSpace = (code) => (properties(code) & REGEX_SPACE) !== 0;
/** @type {(code: number) => boolean} */
const isBlank = (code) => code === 0x20;
const CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
const KINDS = LETTER | NUMBER | REGEX_SPACE;

/**
 * GPT-2's words (Radford et al. 2019), by its regular expression; nothing of a text is left over.
 *
 * @type {Pattern}
 */
export function gpt2Words(text) {
  /** @type {Match[]} */
  const found = [];
  for (let i = 0; i < text.length;) {
    const end = gpt2WordEnd(text, i);
    found.push([i, end]);
    i = end;
  }
  return found;
}

/**
 * @param {string} text
 * @param {number} from
 * @returns {number}
 */
function gpt2WordEnd(text, from) {
  const contraction = text[from] === "'" && CONTRACTIONS.find((word) => text.startsWith(word, from));
  if (contraction) return from + contraction.length;
  const start = text[from] === " " && from + 1 < text.length ? from + 1 : from;
  const kind = properties(codeAt(text, start)) & KINDS;
  if (!(kind & REGEX_SPACE)) return runEnd(text, start, (code) => (properties(code) & KINDS) === kind);
  const end = runEnd(text, from, isRegexSpace);
  // The last space of several belongs to the word behind them. All are of one unit.
  return end < text.length && end - from > 1 ? end - 1 : end;
}

/**
 * Words and what stands between them, without white space: `\w+|[^\w\s]+`.
 *
 * @type {Pattern}
 */
export function wordsAndSigns(text) {
  /** @type {Match[]} */
  const found = [];
  for (let i = 0; i < text.length;) {
    const kind = properties(codeAt(text, i)) & (WORD | SPACE);
    const end = runEnd(text, i, (code) => (properties(code) & (WORD | SPACE)) === kind);
    if (!(kind & SPACE)) found.push([i, end]);
    i = end;
  }
  return found;
}

/**
 * Spaces at either end of a text: `\A +| +\z`.
 *
 * @type {Pattern}
 */
function outerSpaces(text) {
  const first = runEnd(text, 0, isBlank);
  let last = text.length;
  while (last > first && text[last - 1] === " ") last--;
  /** @type {Match[]} */
  const ends = [
    [0, first],
    [last, text.length],
  ];
  return ends.filter(([from, to]) => from < to);
}

/** @type {Record<string, Pattern>} */
const REGULAR_EXPRESSIONS = {
  "\\A +| +\\z": outerSpaces,
  " {2,}": runs(isBlank, 2),
  " +": runs(isBlank, 1),
  "\\s+": runs(isRegexSpace, 1),
  "[\\r\\n]": runs(
    () => false,
    1,
    (code) => code === 0x0d || code === 0x0a,
  ),
  "\\s{2,}|[\\n\\r\\t]": runs(isRegexSpace, 2, (code) => code === 0x0a || code === 0x0d || code === 0x09),
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+": gpt2Words,
};

/**
 * The pattern of a component: `{"String": ...}` or `{"Regex": ...}`; of regular expressions, those that are known.
 *
 * @param {unknown} setting
 * @param {string} where
 * @returns {Pattern}
 */
export function patternOf(setting, where) {
  if (!isObject(setting)) throw damaged(`${where} has no pattern.`);
  if (!("Regex" in setting)) {
    const wanted = field(setting, "String", "string", where);
    if (wanted === "") throw unsupported(`an empty pattern (${where})`);
    return literal(wanted);
  }
  const expression = field(setting, "Regex", "string", where);
  if (!Object.hasOwn(REGULAR_EXPRESSIONS, expression)) throw unsupported(`the regular expression ${expression}`);
  return REGULAR_EXPRESSIONS[expression];
}

/** @typedef {{from: number, to: number, isMatch: boolean}} Part */

/**
 * A whole text in the parts that a pattern matches and those between; an empty one is one part.
 *
 * @param {string} text
 * @param {Pattern} pattern
 * @returns {Part[]}
 */
export function parts(text, pattern) {
  /** @type {Part[]} */
  const found = [];
  let last = 0;
  for (const [from, to] of pattern(text)) {
    if (last < from) found.push({ from: last, to: from, isMatch: false });
    found.push({ from, to, isMatch: true });
    last = to;
  }
  if (last < text.length) found.push({ from: last, to: text.length, isMatch: false });
  return found;
}
