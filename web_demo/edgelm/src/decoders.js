// @ts-check
/** The decoders of `tokenizer.json`: tokens back to text. */

import { DECODED } from "./byte-level.js";
import { damaged, unsupported } from "./errors.js";
import { field, isObject, optional } from "./json.js";
import { MOST_NESTED } from "./normalizers.js";
import { parts, patternOf } from "./patterns.js";
import { codeAt } from "./unicode.js";

/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {(tokens: string[]) => string[]} Decoder what it gives is joined without anything between */

const REPLACEMENT = "\ufffd";
/** What English loses of the spaces between its tokens, in this order. */
const CLEANED = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/**
 * @param {JsonObject} setting
 * @returns {Decoder}
 */
function wordPiece(setting) {
  const prefix = field(setting, "prefix", "string", "WordPiece");
  const isCleaned = field(setting, "cleanup", "boolean", "WordPiece");
  const spaced = (/** @type {string} */ token, /** @type {number} */ place) => {
    if (place === 0) return token;
    return token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
  };
  const cleaned = (/** @type {string} */ token) =>
    CLEANED.reduce((text, [from, to]) => text.replaceAll(from, to), token);
  return (tokens) => tokens.map((token, place) => (isCleaned ? cleaned(spaced(token, place)) : spaced(token, place)));
}

/** @type {Decoder} */
function byteLevel(tokens) {
  const encoder = new TextEncoder();
  /** @type {number[]} */
  const bytes = [];
  for (const token of tokens) {
    const own = Array.from(token, (character) => DECODED.get(codeAt(character)));
    for (const byte of own.includes(undefined) ? encoder.encode(token) : own) bytes.push(/** @type {number} */ (byte));
  }
  return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
}

/**
 * @param {JsonObject} setting
 * @returns {Decoder}
 */
function metaspace(setting) {
  const mark = field(setting, "replacement", "string", "Metaspace");
  const isPlain = optional(setting, "prepend_scheme", "string", "Metaspace", "always") === "never";
  const hasPrefix = !isPlain && optional(setting, "add_prefix_space", "boolean", "Metaspace", true);
  return (tokens) => tokens.map((token, place) => token.replaceAll(mark, place === 0 && hasPrefix ? "" : " "));
}

const BYTE = /^<0x([0-9a-fA-F]{2})>$/;

/** @type {Decoder} */
function byteFallback(tokens) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** @type {string[]} */
  const found = [];
  /** @type {number[]} */
  let bytes = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      found.push(decoder.decode(Uint8Array.from(bytes)));
    } catch {
      found.push(REPLACEMENT.repeat(bytes.length));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = BYTE.exec(token);
    if (byte !== null) bytes.push(parseInt(byte[1], 16));
    else {
      flush();
      found.push(token);
    }
  }
  flush();
  return found;
}

/**
 * @param {JsonObject} setting
 * @returns {Decoder}
 */
function strip(setting) {
  const content = field(setting, "content", "string", "Strip");
  const mostLeft = field(setting, "start", "integer", "Strip");
  const mostRight = field(setting, "stop", "integer", "Strip");
  return (tokens) =>
    tokens.map((token) => {
      const characters = [...token];
      let left = 0;
      while (left < mostLeft && characters[left] === content) left++;
      let right = 0;
      while (right < mostRight && characters[characters.length - 1 - right] === content) right++;
      return characters.slice(left, Math.max(left, characters.length - right)).join("");
    });
}

/** @type {Record<string, (setting: JsonObject, depth: number) => Decoder>} */
const COMPONENTS = {
  WordPiece: wordPiece,
  ByteLevel: () => byteLevel,
  Metaspace: metaspace,
  ByteFallback: () => byteFallback,
  Fuse: () => (tokens) => [tokens.join("")],
  Strip: strip,
  Replace: (setting) => {
    const pattern = patternOf(setting.pattern, "Replace");
    const content = field(setting, "content", "string", "Replace");
    return (tokens) =>
      tokens.map((token) =>
        parts(token, pattern)
          .map(({ from, to, isMatch }) => (isMatch ? content : token.slice(from, to)))
          .join(""),
      );
  },
  BPEDecoder: (setting) => {
    const suffix = field(setting, "suffix", "string", "BPEDecoder");
    return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " "));
  },
  Sequence: (setting, depth) => {
    const steps = field(setting, "decoders", "array", "Sequence").map((step) => component(step, depth + 1));
    return (tokens) => steps.reduce((found, step) => step(found), tokens);
  },
};

/**
 * @param {unknown} setting
 * @param {number} depth
 * @returns {Decoder}
 */
function component(setting, depth) {
  if (!isObject(setting)) throw damaged("A decoder is no JSON object.");
  const type = field(setting, "type", "string", "A decoder");
  if (!Object.hasOwn(COMPONENTS, type) || depth > MOST_NESTED) throw unsupported(`the decoder ${type}`);
  return COMPONENTS[type](setting, depth);
}

/**
 * The decoder of a `tokenizer.json`; of null, one that joins tokens with spaces.
 *
 * @param {unknown} setting
 * @returns {Decoder}
 */
export function decoderOf(setting) {
  return setting === null || setting === undefined ? (tokens) => [tokens.join(" ")] : component(setting, 0);
}
