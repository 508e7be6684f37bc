// @ts-check
/** The normalizers of `tokenizer.json`: each takes a text and gives another that knows where it comes from. */

import { Charsmap } from "./charsmap.js";
import { damaged, unsupported } from "./errors.js";
import { field, isObject, optional } from "./json.js";
import { NORMAL_FORMS } from "./normal-forms.js";
import { Edits, Normalized } from "./normalized.js";
import { patternOf } from "./patterns.js";
import {
  BERT_SPACE,
  CJK,
  codeAt,
  CONTROL,
  HAS_LOWER,
  hasAny,
  MARK,
  NMT_REMOVE,
  NMT_SPACE,
  NONSPACING,
  properties,
  SPACE,
  unicode,
} from "./unicode.js";

/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {(normalized: Normalized) => Normalized} Normalizer */

/** Components inside one another; more than this is no tokenizer's. */
export const MOST_NESTED = 32;
const BLANK = 0x20;

/**
 * @param {number} bits what goes
 * @returns {Normalizer}
 */
const without = (bits) => (normalized) =>
  hasAny(normalized.text, bits) ? normalized.filtered((code) => (properties(code) & bits) !== 0) : normalized;

/**
 * Characters of some sets become spaces. All are of one unit, as the space is.
 *
 * @param {number} bits
 * @returns {Normalizer}
 */
const spaced = (bits) => (normalized) => {
  if (!hasAny(normalized.text, bits)) return normalized;
  const text = Array.from(normalized.text, (c) => (properties(codeAt(c)) & bits ? " " : c));
  return normalized.withText(text.join(""));
};

/** @type {Normalizer} */
export function lowercase(normalized) {
  const { text } = normalized;
  if (!hasAny(text, HAS_LOWER)) return normalized;
  const { lower } = unicode();
  const edits = new Edits();
  for (const character of text) {
    const code = codeAt(character);
    const target = lower.get(code);
    if (target === undefined) edits.add(code, 0);
    else target.forEach((to, place) => edits.add(to, place === 0 ? 0 : 1));
  }
  return normalized.edited(edits);
}

/** @type {Normalizer} */
function spacesAroundChinese(normalized) {
  if (!hasAny(normalized.text, CJK)) return normalized;
  const edits = new Edits();
  for (const character of normalized.text) {
    const code = codeAt(character);
    const isChinese = (properties(code) & CJK) !== 0;
    if (isChinese) edits.add(BLANK, 0);
    edits.add(code, isChinese ? 1 : 0);
    if (isChinese) edits.add(BLANK, 1);
  }
  return normalized.edited(edits);
}

/** @type {(normalized: Normalized) => Normalized} */
const withoutAccents = (normalized) => without(NONSPACING)(NORMAL_FORMS.NFD(normalized));

/**
 * @param {Normalizer[]} steps
 * @returns {Normalizer}
 */
const inTurn = (steps) => (normalized) => steps.reduce((text, step) => step(text), normalized);

/**
 * BERT's (Devlin et al. 2019), in this order: controls go and white space becomes spaces, Chinese characters stand
 * alone, accents go, capitals become small.
 *
 * @param {JsonObject} setting
 * @returns {Normalizer}
 */
function bert(setting) {
  const where = "BertNormalizer";
  const lowers = field(setting, "lowercase", "boolean", where);
  const steps = [
    field(setting, "clean_text", "boolean", where) && inTurn([without(CONTROL), spaced(BERT_SPACE)]),
    field(setting, "handle_chinese_chars", "boolean", where) && spacesAroundChinese,
    optional(setting, "strip_accents", "boolean", where, lowers) && withoutAccents,
    lowers && lowercase,
  ];
  return inTurn(steps.filter((step) => step !== false));
}

/**
 * @param {JsonObject} setting
 * @returns {Normalizer}
 */
function strip(setting) {
  const isLeft = field(setting, "strip_left", "boolean", "Strip");
  const isRight = field(setting, "strip_right", "boolean", "Strip");
  const isSpace = (/** @type {string} */ text, /** @type {number} */ place) =>
    (properties(text.charCodeAt(place)) & SPACE) !== 0;
  return (normalized) => {
    const { text } = normalized;
    let from = 0;
    let to = text.length;
    while (isLeft && from < to && isSpace(text, from)) from++;
    while (isRight && to > from && isSpace(text, to - 1)) to--;
    return normalized.slice(from, to);
  };
}

/** @type {Record<string, (setting: JsonObject, depth: number) => Normalizer>} */
const COMPONENTS = {
  BertNormalizer: bert,
  Sequence: (setting, depth) => {
    const steps = field(setting, "normalizers", "array", "Sequence");
    return inTurn(steps.map((step) => component(step, depth + 1)));
  },
  Lowercase: () => lowercase,
  StripAccents: () => without(MARK),
  NFC: () => NORMAL_FORMS.NFC,
  NFD: () => NORMAL_FORMS.NFD,
  NFKC: () => NORMAL_FORMS.NFKC,
  NFKD: () => NORMAL_FORMS.NFKD,
  Strip: strip,
  Prepend: (setting) => {
    const content = field(setting, "prepend", "string", "Prepend");
    return (normalized) => normalized.prepended(content);
  },
  Replace: (setting) => {
    const pattern = patternOf(setting.pattern, "Replace");
    const content = field(setting, "content", "string", "Replace");
    return (normalized) => normalized.replaced(pattern(normalized.text), content);
  },
  Precompiled: (setting) => {
    const charsmap = new Charsmap(field(setting, "precompiled_charsmap", "string", "Precompiled"));
    return (normalized) => charsmap.normalize(normalized);
  },
  Nmt: () => inTurn([without(NMT_REMOVE), spaced(NMT_SPACE)]),
};

/**
 * @param {unknown} setting
 * @param {number} depth
 * @returns {Normalizer}
 */
function component(setting, depth) {
  if (!isObject(setting)) throw damaged("A normalizer is no JSON object.");
  const type = field(setting, "type", "string", "A normalizer");
  if (!Object.hasOwn(COMPONENTS, type) || depth > MOST_NESTED) throw unsupported(`the normalizer ${type}`);
  return COMPONENTS[type](setting, depth);
}

/**
 * The normalizer of a `tokenizer.json`; of null, one that changes nothing.
 *
 * @param {unknown} setting
 * @returns {Normalizer}
 */
export function normalizerOf(setting) {
  return setting === null || setting === undefined ? (normalized) => normalized : component(setting, 0);
}
