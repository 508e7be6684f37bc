/** The pre-tokenizers of `tokenizer.json`: each takes a piece of a text and gives the pieces it is cut into. */
import { Piece } from "./pieces.js";
export type JsonObject = import("./json.js").JsonObject;
export type PreTokenizer = (piece: Piece) => Piece[];
/**
 * The pre-tokenizer of a `tokenizer.json`; of null, one that leaves a text whole.
 *
 * @param {unknown} setting
 * @returns {PreTokenizer}
 */
export declare function preTokenizerOf(setting: unknown): PreTokenizer;
