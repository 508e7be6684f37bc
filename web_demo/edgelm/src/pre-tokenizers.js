// @ts-check
/** The pre-tokenizers of `tokenizer.json`: each takes a piece of a text and gives the pieces it is cut into. */

import { ENCODED } from "./byte-level.js";
import { damaged, unsupported } from "./errors.js";
import { field, isObject, optional } from "./json.js";
import { Builder } from "./normalized.js";
import { MOST_NESTED } from "./normalizers.js";
import { characters, gpt2Words, literal, patternOf, wordsAndSigns } from "./patterns.js";
import { isBehavior, Piece, split } from "./pieces.js";
import { BERT_PUNCTUATION, codeAt, NUMERIC, properties, PUNCTUATION, SPACE, widthOf } from "./unicode.js";

/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {(piece: Piece) => Piece[]} PreTokenizer pieces are never empty */

/**
 * Words between white space, signs of punctuation alone.
 *
 * @type {PreTokenizer}
 */
function bertWords(piece) {
  const { source, from, to } = piece;
  const { text } = source;
  /** @type {Piece[]} */
  const found = [];
  let start = from;
  for (let i = from; i < to;) {
    const code = codeAt(text, i);
    const next = i + widthOf(code);
    const kind = properties(code) & (SPACE | BERT_PUNCTUATION);
    if (kind !== 0) {
      if (start < i) found.push(new Piece(source, start, i));
      if (!(kind & SPACE)) found.push(new Piece(source, i, next));
      start = next;
    }
    i = next;
  }
  if (start < to) found.push(new Piece(source, start, to));
  return found;
}

/**
 * @param {JsonObject} setting
 * @param {string} where
 * @param {string} [otherwise]
 * @returns {import("./pieces.js").Behavior}
 */
function behaviorOf(setting, where, otherwise) {
  const name =
    otherwise === undefined
      ? field(setting, "behavior", "string", where)
      : optional(setting, "behavior", "string", where, otherwise);
  if (!isBehavior(name)) throw damaged(`${where} has no behavior ${JSON.stringify(name)}.`);
  return name;
}

/** @type {Record<string, number>} whether a word gets its mark: 0 never, 1 the first of a text, 2 always */
const SCHEMES = { never: 0, first: 1, always: 2 };

/**
 * Spaces become a mark, and a word begins with the mark of the space before it.
 *
 * @param {JsonObject} setting
 * @returns {PreTokenizer}
 */
function metaspace(setting) {
  const where = "Metaspace";
  const mark = field(setting, "replacement", "string", where);
  if ([...mark].length !== 1) throw damaged(`${where} has no replacement of one character.`);
  const hasPrefix = optional(setting, "add_prefix_space", "boolean", where, true);
  const name = optional(setting, "prepend_scheme", "string", where, "always");
  if (!Object.hasOwn(SCHEMES, name) || (!hasPrefix && Object.hasOwn(setting, "prepend_scheme") && name !== "never")) {
    throw damaged(`${where} has no prepend_scheme that fits add_prefix_space.`);
  }
  const scheme = hasPrefix ? SCHEMES[name] : SCHEMES.never;
  const isSplit = optional(setting, "split", "boolean", where, true);
  const space = literal(" ");
  const atMark = literal(mark);
  return (piece) => {
    let normalized = piece.normalized;
    const isMarked = scheme === SCHEMES.always || (scheme === SCHEMES.first && normalized.start(0) === 0);
    normalized = normalized.replaced(space(normalized.text), mark);
    if (isMarked && !normalized.text.startsWith(mark)) normalized = normalized.prepended(mark);
    const whole = Piece.whole(normalized);
    return isSplit ? split(whole, atMark, "MergedWithNext") : [whole];
  };
}

/**
 * A text's UTF-8 bytes, a character for each (Radford et al. 2019), cut into GPT-2's words.
 *
 * @param {JsonObject} setting
 * @returns {PreTokenizer}
 */
function byteLevel(setting) {
  const hasPrefix = field(setting, "add_prefix_space", "boolean", "ByteLevel");
  const isSplit = optional(setting, "use_regex", "boolean", "ByteLevel", true);
  return (piece) => {
    const prefixed = hasPrefix && piece.source.text[piece.from] !== " ";
    const normalized = prefixed ? piece.normalized.prepended(" ") : piece.normalized;
    const { text } = normalized;
    const words = isSplit ? gpt2Words(text) : [[0, text.length]];
    const builder = new Builder();
    const ends = words.map(([from, to]) => {
      for (let i = from; i < to; i++) {
        const code = codeAt(text, i);
        const width = widthOf(code);
        addBytes(builder, code, normalized.start(i), normalized.end(i + width));
        i += width - 1;
      }
      return builder.length;
    });
    const source = builder.finish();
    return ends.map((end, i) => new Piece(source, i === 0 ? 0 : ends[i - 1], end));
  };
}

/**
 * The characters of a code point's UTF-8 bytes.
 *
 * @param {Builder} builder
 * @param {number} code
 * @param {number} start
 * @param {number} end
 */
function addBytes(builder, code, start, end) {
  if (code < 0x80) {
    builder.add(ENCODED[code], start, end);
    return;
  }
  const rest = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  builder.add(ENCODED[((0xff00 >> (rest + 1)) & 0xff) | (code >> (6 * rest))], start, end);
  for (let i = rest - 1; i >= 0; i--) builder.add(ENCODED[0x80 | ((code >> (6 * i)) & 0x3f)], start, end);
}

/** @type {Record<string, (setting: JsonObject, depth: number) => PreTokenizer>} */
const COMPONENTS = {
  BertPreTokenizer: () => bertWords,
  Whitespace: () => (piece) => split(piece, wordsAndSigns, "Removed", true),
  WhitespaceSplit: () => (piece) => split(piece, characters(SPACE), "Removed"),
  Punctuation: (setting) => {
    const behavior = behaviorOf(setting, "Punctuation", "Isolated");
    return (piece) => split(piece, characters(PUNCTUATION), behavior);
  },
  Digits: (setting) => {
    const behavior = field(setting, "individual_digits", "boolean", "Digits") ? "Isolated" : "Contiguous";
    return (piece) => split(piece, characters(NUMERIC), behavior);
  },
  Metaspace: metaspace,
  ByteLevel: byteLevel,
  Split: (setting) => {
    const pattern = patternOf(setting.pattern, "Split");
    const behavior = behaviorOf(setting, "Split");
    const isInverted = field(setting, "invert", "boolean", "Split");
    return (piece) => split(piece, pattern, behavior, isInverted);
  },
  Sequence: (setting, depth) => {
    const steps = field(setting, "pretokenizers", "array", "Sequence").map((step) => component(step, depth + 1));
    return (piece) => steps.reduce((pieces, step) => pieces.flatMap(step), [piece]);
  },
};

/**
 * @param {unknown} setting
 * @param {number} depth
 * @returns {PreTokenizer}
 */
function component(setting, depth) {
  if (!isObject(setting)) throw damaged("A pre-tokenizer is no JSON object.");
  const type = field(setting, "type", "string", "A pre-tokenizer");
  if (!Object.hasOwn(COMPONENTS, type) || depth > MOST_NESTED) throw unsupported(`the pre-tokenizer ${type}`);
  return COMPONENTS[type](setting, depth);
}

/**
 * The pre-tokenizer of a `tokenizer.json`; of null, one that leaves a text whole.
 *
 * @param {unknown} setting
 * @returns {PreTokenizer}
 */
export function preTokenizerOf(setting) {
  return setting === null || setting === undefined ? (piece) => [piece] : component(setting, 0);
}
