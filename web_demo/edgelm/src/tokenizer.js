// @ts-check
/** Text to ids and back, exactly as Hugging Face's `tokenizers` does it with the same `tokenizer.json`. */

import { AddedTokens } from "./added-tokens.js";
import { decoderOf } from "./decoders.js";
import { Part } from "./encoding.js";
import { damaged, InputError } from "./errors.js";
import { isObject, optional } from "./json.js";
import { modelOf } from "./models/index.js";
import { normalizerOf } from "./normalizers.js";
import { postProcessorOf } from "./post-processors.js";
import { preTokenizerOf } from "./pre-tokenizers.js";
import { isWellFormed } from "./unicode.js";

/** @typedef {import("./encoding.js").Encoding} Encoding */
/** @typedef {import("./json.js").JsonObject} JsonObject */

/** A tokenizer; it never truncates or pads unless asked, whatever its file says. */
export class Tokenizer {
  /**
   * @param {JsonObject} state the content of `tokenizer.json`
   * @param {JsonObject} [facts] the manifest's `tokenizer`, where there is one
   */
  constructor(state, facts = {}) {
    this.model = modelOf(state.model);
    this.normalize = normalizerOf(state.normalizer);
    this.preTokenize = preTokenizerOf(state.pre_tokenizer);
    this.postProcessor = postProcessorOf(state.post_processor);
    this.decoder = decoderOf(state.decoder);
    this.added = new AddedTokens(state.added_tokens, this.model, this.normalize);
    /** @type {Record<string, string>} tokens by their roles: `pad`, `unk`, `cls`, `sep`, `mask` */
    this.specialTokens = {};
    /** @type {Record<string, number>} their ids; a role whose token has none is left out */
    this.specialIds = {};
    for (const [role, token] of Object.entries(specialTokensOf(facts))) {
      const id = this.idOf(token);
      if (id === undefined) continue;
      this.specialTokens[role] = token;
      this.specialIds[role] = id;
    }
  }

  /**
   * @param {string} token
   * @returns {number | undefined}
   */
  idOf(token) {
    return this.added.ids.get(token) ?? this.model.idOf(token);
  }

  /**
   * A text or a pair with special tokens and offsets; InputError unless it is Unicode.
   *
   * @param {string} text
   * @param {string | null} [pair]
   * @returns {Encoding}
   */
  encode(text, pair = null) {
    return this.finish(this.parts(text, pair));
  }

  /**
   * A text or a pair of no more than `maxLength` tokens, the longer part shortened first; whole where there is no room
   * for the special tokens.
   *
   * @param {string} text
   * @param {string | null} pair
   * @param {number} maxLength
   * @returns {Encoding}
   */
  cut(text, pair, maxLength) {
    const parts = this.parts(text, pair);
    const room = maxLength - this.addedCount(parts.length === 2);
    const total = parts.reduce((sum, part) => sum + part.ids.length, 0);
    if (room < 0 || total <= room) return this.finish(parts);
    if (parts.length === 1) return this.finish([parts[0].slice(0, room)]);
    const [first, second] = shares(parts[0].ids.length, parts[1].ids.length, room);
    return this.finish([parts[0].slice(0, first), parts[1].slice(0, second)]);
  }

  /**
   * A question with its whole context, or with overlapping parts of it where both have more than `length` tokens.
   *
   * Neighbours share `docStride` tokens, fewer where the question leaves too little room; InputError where it leaves
   * none.
   *
   * @param {string} question
   * @param {string} context
   * @param {number} length
   * @param {number} docStride
   * @returns {Encoding[]}
   */
  windows(question, context, length, docStride) {
    const parts = this.parts(question, context);
    const count = parts[1].ids.length;
    const whole = this.finish(parts.map((part) => part.slice(0, part.ids.length)));
    if (whole.length <= length) return [whole];
    const room = length - (whole.length - whole.sequenceIds.filter((id) => id === 1).length);
    if (room < 1) {
      const asked = whole.sequenceIds.filter((id) => id === 0).length;
      throw new InputError(
        "tooLong",
        `The question has ${asked} tokens and leaves no room for its context in ${length}.`,
        "Shorten it, or export with a larger --max-length.",
      );
    }
    const stride = Math.min(docStride, Math.floor(length / 2));
    const step = room - (stride < room ? stride : Math.floor(room / 2));
    /** @type {Encoding[]} */
    const found = [];
    for (let from = 0; found.length === 0 || from - step + room < count; from += step) {
      const asked = parts[0].slice(0, parts[0].ids.length);
      found.push(this.finish([asked, parts[1].slice(from, from + room)], from > 0));
    }
    return found;
  }

  /**
   * @param {number[]} ids unknown ones are left out
   * @param {boolean} skipSpecialTokens
   * @returns {string}
   */
  decode(ids, skipSpecialTokens) {
    const tokens = ids.map((id) => this.added.nameOf(id) ?? this.model.tokenOf(id));
    const kept = tokens.filter((token) => token !== undefined && !(skipSpecialTokens && this.added.special.has(token)));
    return this.decoder(/** @type {string[]} */ (kept)).join("");
  }

  /**
   * @param {boolean} isPair
   * @returns {number} the special tokens put around a text or a pair
   */
  addedCount(isPair) {
    return this.postProcessor?.added(isPair) ?? 0;
  }

  /**
   * @param {string} text
   * @param {string | null} pair
   * @returns {Part[]}
   */
  parts(text, pair) {
    const texts = pair === null ? [text] : [text, pair];
    if (!texts.every(isWellFormed)) {
      throw new InputError("notUnicode", "The text is not valid Unicode.", "Is it in another encoding than UTF-8?");
    }
    return texts.map((one, sequence) => this.part(one, sequence));
  }

  /**
   * The tokens of one text.
   *
   * @param {string} text
   * @param {number} type
   * @returns {Part}
   */
  part(text, type) {
    const part = new Part();
    let number = 0;
    for (const piece of this.added.split(text, this.normalize)) {
      for (const { source, from, text: own, word } of piece.word === null ? this.preTokenize(piece) : [piece]) {
        const { ids, tokens, starts, ends } = word ?? this.model.tokenize(own);
        for (let i = 0; i < ids.length; i++) {
          part.ids.push(ids[i]);
          part.tokens.push(tokens[i]);
          part.starts.push(source.start(from + starts[i]));
          part.ends.push(source.end(from + ends[i]));
          part.words.push(number);
          part.typeIds.push(type);
          part.special.push(0);
        }
        number++;
      }
    }
    return part;
  }

  /**
   * @param {Part[]} parts which are changed
   * @param {boolean} isOverflow
   * @returns {Part[]}
   */
  framed(parts, isOverflow) {
    const own = parts.map((part, sequence) => (isOverflow ? part : part.typed(sequence)).of(sequence));
    return /** @type {import("./post-processors.js").PostProcessor} */ (this.postProcessor).process(own, isOverflow);
  }

  /**
   * @param {Part[]} parts which are changed
   * @param {boolean} [isOverflow] whether they are a window behind the first
   * @returns {Encoding}
   */
  finish(parts, isOverflow = false) {
    const framed = this.postProcessor === null ? unframed(parts, isOverflow) : this.framed(parts, isOverflow);
    if (framed.length === 1) return framed[0].finish();
    const whole = new Part();
    for (const part of framed) whole.append(part);
    return whole.finish();
  }
}

/**
 * The parts of a text or pair where nothing is put around them. Of a window behind the first `tokenizers` does not know
 * the context's tokens for the pair's.
 *
 * @param {Part[]} parts
 * @param {boolean} isOverflow
 * @returns {Part[]}
 */
function unframed(parts, isOverflow) {
  if (parts.length === 1) return parts;
  return parts.map((part, sequence) => (isOverflow && sequence === 1 ? part : part.of(sequence)));
}

/**
 * How many tokens of each of two texts stay, as `tokenizers` shortens the longer one first.
 *
 * @param {number} first
 * @param {number} second
 * @param {number} room
 * @returns {[number, number]}
 */
function shares(first, second, room) {
  const shorter = Math.min(first, second);
  let [less, more] = [shorter, shorter > room ? shorter : Math.max(shorter, room - shorter)];
  if (less + more > room) {
    less = Math.floor(room / 2);
    more = less + (room % 2);
  }
  return first > second ? [more, less] : [less, more];
}

/**
 * @param {JsonObject} facts
 * @returns {Record<string, string>}
 */
function specialTokensOf(facts) {
  const tokens = optional(facts, "special_tokens", "object", "The manifest's tokenizer", {});
  if (!isObject(tokens) || !Object.values(tokens).every((token) => typeof token === "string")) {
    throw damaged("The manifest's tokenizer has no special tokens.");
  }
  return /** @type {Record<string, string>} */ (tokens);
}
