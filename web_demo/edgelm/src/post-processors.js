// @ts-check
/** The post-processors of `tokenizer.json`: special tokens around a text or a pair, and narrower offsets. */

import { damaged, unsupported } from "./errors.js";
import { Part, specialPart } from "./encoding.js";
import { field, isObject, list } from "./json.js";
import { MOST_NESTED } from "./normalizers.js";
import { properties, SPACE } from "./unicode.js";

/** @typedef {import("./json.js").JsonObject} JsonObject */

/**
 * @typedef {object} PostProcessor
 * @property {(isPair: boolean) => number} added how many special tokens it puts in
 * @property {(parts: Part[], isOverflow: boolean) => Part[]} process the parts of a text or pair; `isOverflow` is true
 *   for every window of a long text but the first, whose token types `tokenizers` leaves as they are
 */

/** What the space is among GPT-2's bytes. */
const BYTE_SPACE = 0x120;

/** @type {(text: string, place: number) => boolean} */
const isBlankAt = (text, place) => {
  const unit = text.charCodeAt(place);
  return unit === BYTE_SPACE || (properties(unit) & SPACE) !== 0;
};

/**
 * Leave the white space at either end of tokens out of their offsets.
 *
 * @param {Part} part
 * @param {boolean} hasPrefix whether a space was put before the text
 */
function trim(part, hasPrefix) {
  part.tokens.forEach((token, i) => {
    let leading = 0;
    let trailing = 0;
    while (leading < token.length && isBlankAt(token, leading)) leading++;
    while (trailing < token.length && isBlankAt(token, token.length - 1 - trailing)) trailing++;
    const isFirst = i === 0 || part.starts[i] === 0;
    if (hasPrefix && leading === 1 && isFirst) leading = 0;
    part.starts[i] = Math.min(part.starts[i] + leading, part.ends[i]);
    if (trailing > 0 && part.ends[i] >= trailing) part.ends[i] = Math.max(part.ends[i] - trailing, part.starts[i]);
  });
}

/**
 * @param {JsonObject} setting
 * @param {string} key
 * @param {string} where
 * @param {number} type of the token it makes
 * @returns {() => Part}
 */
function tokenOf(setting, key, where, type) {
  const pair = field(setting, key, "array", where);
  const [token, id] = pair;
  if (pair.length !== 2 || typeof token !== "string" || !Number.isInteger(id)) throw damaged(`${where} has no ${key}.`);
  return () => specialPart([/** @type {number} */ (id)], [token], type);
}

/**
 * A text between its special tokens; its own tokens are not special, whatever they were.
 *
 * @param {number} sequence
 * @param {Part[]} before
 * @param {Part} text
 * @param {Part} behind
 * @returns {Part}
 */
function framed(sequence, before, text, behind) {
  const whole = new Part();
  for (const part of before) whole.append(part);
  const from = whole.ids.length;
  whole.append(text);
  whole.special.fill(0, from);
  whole.sequences = new Map([[sequence, [from, whole.ids.length]]]);
  whole.append(behind);
  return whole;
}

/**
 * @param {JsonObject} setting
 * @returns {PostProcessor}
 */
function bert(setting) {
  const cls = tokenOf(setting, "cls", "BertProcessing", 0);
  const sep = tokenOf(setting, "sep", "BertProcessing", 0);
  const pairSep = tokenOf(setting, "sep", "BertProcessing", 1);
  return {
    added: (isPair) => (isPair ? 3 : 2),
    process: (parts) =>
      parts.map((part, i) => (i === 0 ? framed(0, [cls()], part, sep()) : framed(1, [], part, pairSep()))),
  };
}

/**
 * @param {JsonObject} setting
 * @returns {PostProcessor}
 */
function roberta(setting) {
  const where = "RobertaProcessing";
  const cls = tokenOf(setting, "cls", where, 0);
  const sep = tokenOf(setting, "sep", where, 0);
  const isTrimmed = field(setting, "trim_offsets", "boolean", where);
  const hasPrefix = field(setting, "add_prefix_space", "boolean", where);
  return {
    added: (isPair) => (isPair ? 4 : 2),
    process: (parts) =>
      parts.map((part, i) => {
        if (isTrimmed) trim(part, hasPrefix);
        return framed(i === 0 ? 0 : 1, [i === 0 ? cls() : sep()], part.typed(0), sep());
      }),
  };
}

/**
 * @param {JsonObject} setting
 * @returns {PostProcessor}
 */
function byteLevel(setting) {
  const isTrimmed = field(setting, "trim_offsets", "boolean", "ByteLevel");
  const hasPrefix = field(setting, "add_prefix_space", "boolean", "ByteLevel");
  return {
    added: () => 0,
    process: (parts) => {
      if (isTrimmed) for (const part of parts) trim(part, hasPrefix);
      return parts.map((part, i) => part.of(i));
    },
  };
}

/** @typedef {{sequence: number, type: number} | {special: () => Part}} Slot */

/**
 * The slots of a template: a text, or special tokens.
 *
 * @param {JsonObject} setting
 * @param {"single" | "pair"} key
 * @returns {{slots: Slot[], added: number}}
 */
function slotsOf(setting, key) {
  const where = "TemplateProcessing";
  const specials = field(setting, "special_tokens", "object", where);
  let added = 0;
  const slots = list(field(setting, key, "array", where), "object", where).map((piece) => {
    if (isObject(piece.Sequence)) {
      const id = field(piece.Sequence, "id", "string", where);
      if (id !== "A" && id !== "B") throw damaged(`${where} has no text ${JSON.stringify(id)}.`);
      return { sequence: id === "A" ? 0 : 1, type: field(piece.Sequence, "type_id", "integer", where) };
    }
    const token = field(piece, "SpecialToken", "object", where);
    const type = field(token, "type_id", "integer", where);
    const special = field(specials, field(token, "id", "string", where), "object", where);
    const ids = list(special.ids, "integer", where);
    const tokens = list(special.tokens, "string", where);
    if (ids.length !== tokens.length) throw damaged(`${where} has a special token with another number of ids.`);
    added += ids.length;
    return { special: () => specialPart([...ids], [...tokens], type) };
  });
  return { slots, added };
}

/**
 * @param {JsonObject} setting
 * @returns {PostProcessor}
 */
function template(setting) {
  const single = slotsOf(setting, "single");
  const pair = slotsOf(setting, "pair");
  const needsPair = single.slots.some((slot) => "sequence" in slot && slot.sequence === 1);
  return {
    added: (isPair) => (isPair ? pair : single).added,
    process: (parts, isOverflow) => {
      if (parts.length > 2 || (parts.length === 1 && needsPair)) throw unsupported("a template over more than a pair");
      return (parts.length === 2 ? pair : single).slots.map((slot) => {
        if ("special" in slot) return slot.special();
        const part = parts[slot.sequence];
        const isLast = isOverflow && slot.sequence === parts.length - 1;
        const own = part.slice(0, part.ids.length);
        own.sequences = new Map(part.sequences);
        return (isLast ? own : own.typed(slot.type)).of(slot.sequence);
      });
    },
  };
}

/** @type {Record<string, (setting: JsonObject, depth: number) => PostProcessor>} */
const COMPONENTS = {
  BertProcessing: bert,
  RobertaProcessing: roberta,
  ByteLevel: byteLevel,
  TemplateProcessing: template,
  Sequence: (setting, depth) => {
    const steps = field(setting, "processors", "array", "Sequence").map((step) => component(step, depth + 1));
    return {
      added: (isPair) => steps.reduce((sum, step) => sum + step.added(isPair), 0),
      process: (parts, isOverflow) => steps.reduce((found, step) => step.process(found, isOverflow), parts),
    };
  },
};

/**
 * @param {unknown} setting
 * @param {number} depth
 * @returns {PostProcessor}
 */
function component(setting, depth) {
  if (!isObject(setting)) throw damaged("A post-processor is no JSON object.");
  const type = field(setting, "type", "string", "A post-processor");
  if (!Object.hasOwn(COMPONENTS, type) || depth > MOST_NESTED) throw unsupported(`the post-processor ${type}`);
  return COMPONENTS[type](setting, depth);
}

/**
 * The post-processor of a `tokenizer.json`; null where it has none.
 *
 * @param {unknown} setting
 * @returns {PostProcessor | null}
 */
export function postProcessorOf(setting) {
  return setting === null || setting === undefined ? null : component(setting, 0);
}
