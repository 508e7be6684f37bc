// @ts-check
/** Tokens that are found in a text before any other rule is applied, special ones among them. */

import { damaged } from "./errors.js";
import { field, isObject } from "./json.js";
import { Normalized } from "./normalized.js";
import { Piece, Word } from "./pieces.js";
import { ADDED_WORD, codeAt, properties, SPACE } from "./unicode.js";

/** @typedef {import("./normalizers.js").Normalizer} Normalizer */
/** @typedef {import("./models/model.js").Model} Model */

/**
 * @typedef {object} AddedToken
 * @property {number} id
 * @property {string} content
 * @property {boolean} singleWord found only where no letter or digit stands beside it
 * @property {boolean} lstrip takes the white space before it
 * @property {boolean} rstrip takes the white space behind it
 * @property {boolean} normalized found in the normalized text, by its own normalized form
 * @property {boolean} special
 */

/** @typedef {{token: AddedToken | null, next: Map<number, Node>}} Node */

/** Finds the leftmost and of these the longest of some strings. */
class Finder {
  constructor() {
    /** @type {Node} */
    this.root = { token: null, next: new Map() };
  }

  /**
   * @param {string} text an empty one is never found; of equal ones the first counts
   * @param {AddedToken} token
   */
  add(text, token) {
    let node = this.root;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let next = node.next.get(unit);
      if (next === undefined) node.next.set(unit, (next = { token: null, next: new Map() }));
      node = next;
    }
    if (node !== this.root) node.token ??= token;
  }

  /**
   * @param {string} text
   * @returns {{token: AddedToken, from: number, to: number}[]} side by side, none in another
   */
  find(text) {
    /** @type {{token: AddedToken, from: number, to: number}[]} */
    const found = [];
    if (this.root.next.size === 0) return found;
    for (let from = 0; from < text.length; from++) {
      const longest = this.longest(text, from);
      if (longest === null) continue;
      found.push(longest);
      from = longest.to - 1;
    }
    return found;
  }

  /**
   * @param {string} text
   * @param {number} from
   */
  longest(text, from) {
    let found = null;
    let node = this.root.next.get(text.charCodeAt(from));
    for (let to = from + 1; node !== undefined; to++) {
      if (node.token !== null) found = { token: node.token, from, to };
      node = to < text.length ? node.next.get(text.charCodeAt(to)) : undefined;
    }
    return found;
  }
}

/** @type {(text: string, place: number) => boolean} */
const isSpaceAt = (text, place) => (properties(text.charCodeAt(place)) & SPACE) !== 0;

/**
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @returns {boolean}
 */
function standsAlone(text, from, to) {
  const isPair = from > 1 && (text.charCodeAt(from - 1) & 0xfc00) === 0xdc00;
  const before = from > 0 ? codeAt(text, from - (isPair ? 2 : 1)) : 0;
  const behind = text.codePointAt(to) ?? 0;
  return !((properties(before) | properties(behind)) & ADDED_WORD);
}

/** The added tokens of a tokenizer, with the ids they have in it. */
export class AddedTokens {
  /**
   * @param {unknown} settings `added_tokens` of a `tokenizer.json`
   * @param {Model} model
   * @param {Normalizer} normalize
   */
  constructor(settings, model, normalize) {
    /** @type {Map<string, number>} */
    this.ids = new Map();
    /** @type {Map<number, AddedToken>} */
    this.tokens = new Map();
    /** @type {Map<number, string>} what a token is called when ids are decoded, where it is not its content */
    this.names = new Map();
    /** @type {Set<string>} */
    this.special = new Set();
    this.asIs = new Finder();
    this.normalized = new Finder();
    let next = model.size;
    for (const setting of readSettings(settings)) {
      if (setting.content === "") continue;
      const id = this.ids.get(setting.content) ?? model.idOf(setting.content) ?? next++;
      this.ids.set(setting.content, id);
      this.tokens.set(id, { ...setting, id });
      if (setting.special) this.special.add(setting.content);
    }
    for (const token of this.tokens.values()) this.index(token, normalize);
  }

  /**
   * @param {AddedToken} token
   * @param {Normalizer} normalize
   */
  index(token, normalize) {
    const { id, content } = token;
    if (!token.normalized) {
      this.asIs.add(content, token);
      return;
    }
    const { text } = normalize(new Normalized(content));
    if (text !== content) this.names.set(id, text);
    this.normalized.add(text, token);
  }

  /**
   * @param {number} id
   * @returns {string | undefined}
   */
  nameOf(id) {
    return this.names.get(id) ?? this.tokens.get(id)?.content;
  }

  /**
   * A text in pieces, those that are added tokens with their word; the others are normalized.
   *
   * @param {string} text
   * @param {Normalizer} normalize
   * @returns {Piece[]}
   */
  split(text, normalize) {
    /** @type {Piece[]} */
    const pieces = [];
    for (const piece of splitBy(this.asIs, new Normalized(text))) {
      if (piece.word !== null) pieces.push(piece);
      else for (const part of splitBy(this.normalized, normalize(piece.normalized))) pieces.push(part);
    }
    return pieces;
  }
}

/**
 * @param {Finder} finder
 * @param {Normalized} source
 * @returns {Piece[]}
 */
function splitBy(finder, source) {
  const { text } = source;
  /** @type {Piece[]} */
  const pieces = [];
  let last = 0;
  for (const match of finder.find(text)) {
    const { token } = match;
    let { from, to } = match;
    if (token.singleWord && !standsAlone(text, from, to)) continue;
    if (token.lstrip) {
      while (from > 0 && isSpaceAt(text, from - 1)) from--;
      from = Math.max(from, last);
    }
    if (token.rstrip) while (to < text.length && isSpaceAt(text, to)) to++;
    if (last < from) pieces.push(new Piece(source, last, from));
    const word = new Word();
    word.add(token.id, text.slice(from, to), 0, to - from);
    pieces.push(new Piece(source, from, to, word));
    last = to;
  }
  if (last < text.length) pieces.push(new Piece(source, last, text.length));
  return pieces;
}

/**
 * @param {unknown} settings
 * @returns {Omit<AddedToken, "id">[]}
 */
function readSettings(settings) {
  if (settings === null || settings === undefined) return [];
  if (!Array.isArray(settings)) throw damaged("added_tokens is no list.");
  return settings.map((setting) => {
    if (!isObject(setting)) throw damaged("An added token is no JSON object.");
    const where = "An added token";
    return {
      content: field(setting, "content", "string", where),
      singleWord: field(setting, "single_word", "boolean", where),
      lstrip: field(setting, "lstrip", "boolean", where),
      rstrip: field(setting, "rstrip", "boolean", where),
      normalized: field(setting, "normalized", "boolean", where),
      special: field(setting, "special", "boolean", where),
    };
  });
}
