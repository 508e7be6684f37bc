// @ts-check
import { damaged, unsupported } from "../errors.js";
import { field, isObject } from "../json.js";
import { BPE } from "./bpe.js";
import { Unigram } from "./unigram.js";
import { WordLevel } from "./wordlevel.js";
import { WordPiece } from "./wordpiece.js";

/** @typedef {import("./model.js").Model} Model */

const MODELS = { WordPiece, BPE, Unigram, WordLevel };

/**
 * What a model is in older files, which do not say it.
 *
 * @param {import("../json.js").JsonObject} setting
 * @returns {keyof typeof MODELS}
 */
function kindOf(setting) {
  if ("merges" in setting) return "BPE";
  if ("max_input_chars_per_word" in setting) return "WordPiece";
  return Array.isArray(setting.vocab) ? "Unigram" : "WordLevel";
}

/**
 * The model of a `tokenizer.json`.
 *
 * @param {unknown} setting
 * @returns {Model}
 */
export function modelOf(setting) {
  if (!isObject(setting)) throw damaged("The tokenizer has no model.");
  const type = Object.hasOwn(setting, "type")
    ? field(setting, "type", "string", "The tokenizer's model")
    : kindOf(setting);
  if (!Object.hasOwn(MODELS, type)) throw unsupported(`the model ${type}`);
  return new MODELS[/** @type {keyof typeof MODELS} */ (type)](setting);
}
