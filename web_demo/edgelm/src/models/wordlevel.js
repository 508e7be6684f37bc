// @ts-check
import { unsupported } from "../errors.js";
import { field } from "../json.js";
import { Word } from "../pieces.js";
import { Model, vocabularyOf } from "./model.js";

/** A token for each whole word. */
export class WordLevel extends Model {
  /** @param {import("../json.js").JsonObject} setting */
  constructor(setting) {
    super(vocabularyOf(setting, "WordLevel"));
    this.unknown = field(setting, "unk_token", "string", "WordLevel");
  }

  /**
   * @override
   * @param {string} text
   * @returns {Word}
   */
  cut(text) {
    const own = this.ids.get(text);
    const id = own ?? this.ids.get(this.unknown);
    if (id === undefined) throw unsupported(`a vocabulary without its unknown token ${this.unknown}`);
    const word = new Word();
    word.add(id, own === undefined ? this.unknown : text, 0, text.length);
    return word;
  }
}
