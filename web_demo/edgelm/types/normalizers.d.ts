/** The normalizers of `tokenizer.json`: each takes a text and gives another that knows where it comes from. */
import { Normalized } from "./normalized.js";
export type JsonObject = import("./json.js").JsonObject;
export type Normalizer = (normalized: Normalized) => Normalized;
/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {(normalized: Normalized) => Normalized} Normalizer */
/** Components inside one another; more than this is no tokenizer's. */
export declare const MOST_NESTED = 32;
/** @type {Normalizer} */
export declare function lowercase(normalized: Normalized): Normalized;
/**
 * The normalizer of a `tokenizer.json`; of null, one that changes nothing.
 *
 * @param {unknown} setting
 * @returns {Normalizer}
 */
export declare function normalizerOf(setting: unknown): Normalizer;
