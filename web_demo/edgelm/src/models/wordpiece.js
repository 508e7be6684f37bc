// @ts-check
import { unsupported } from "../errors.js";
import { field } from "../json.js";
import { Word } from "../pieces.js";
import { Model, vocabularyOf } from "./model.js";

/** WordPiece (Devlin et al. 2019): of a word always the longest token that it goes on with. */
export class WordPiece extends Model {
  /** @param {import("../json.js").JsonObject} setting */
  constructor(setting) {
    super(vocabularyOf(setting, "WordPiece"));
    this.unknown = field(setting, "unk_token", "string", "WordPiece");
    this.prefix = field(setting, "continuing_subword_prefix", "string", "WordPiece");
    this.longestWord = field(setting, "max_input_chars_per_word", "integer", "WordPiece");
    this.longestToken = 0;
    for (const token of this.ids.keys()) this.longestToken = Math.max(this.longestToken, token.length);
  }

  /**
   * @override
   * @param {string} text
   * @returns {Word}
   */
  cut(text) {
    if (text.length > this.longestWord && [...text].length > this.longestWord) return this.unknownWord(text);
    const word = new Word();
    for (let start = 0; start < text.length;) {
      const end = this.longestEnd(text, start);
      if (end === start) return this.unknownWord(text);
      const token = start > 0 ? this.prefix + text.slice(start, end) : text.slice(0, end);
      word.add(/** @type {number} */ (this.ids.get(token)), token, start, end);
      start = end;
    }
    return word;
  }

  /**
   * Where the longest token ends that begins at a place; the place itself where there is none.
   *
   * @param {string} text
   * @param {number} start
   * @returns {number}
   */
  longestEnd(text, start) {
    const prefix = start > 0 ? this.prefix : "";
    for (let end = Math.min(text.length, start + this.longestToken); end > start; end--) {
      if (isInsideCharacter(text, end)) continue;
      if (this.ids.has(prefix + text.slice(start, end))) return end;
    }
    return start;
  }

  /**
   * @param {string} text
   * @returns {Word}
   */
  unknownWord(text) {
    const id = this.ids.get(this.unknown);
    if (id === undefined) throw unsupported(`a vocabulary without its unknown token ${this.unknown}`);
    const word = new Word();
    word.add(id, this.unknown, 0, text.length);
    return word;
  }
}

/** @type {(text: string, place: number) => boolean} */
const isInsideCharacter = (text, place) => place < text.length && (text.charCodeAt(place) & 0xfc00) === 0xdc00;
