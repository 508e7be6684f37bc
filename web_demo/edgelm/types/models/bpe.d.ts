import { Word } from "../pieces.js";
import { Merges, Symbols } from "./merges.js";
import { Model } from "./model.js";
export type JsonObject = import("../json.js").JsonObject;
/** Byte-pair encoding (Sennrich et al. 2016), of bytes or of characters. */
export declare class BPE extends Model {
    unknown: string | null;
    prefix: string;
    suffix: string;
    fusesUnknown: boolean;
    hasBytes: boolean;
    ignoresMerges: boolean;
    merges: Merges;
    /** @param {JsonObject} setting */
    constructor(setting: JsonObject);
    /**
     * @param {unknown[]} settings
     * @returns {Merges}
     */
    readMerges(settings: unknown[]): Merges;
    /**
     * @override
     * @param {string} text
     * @returns {Word}
     */
    cut(text: string): Word;
    /**
     * A word's characters as tokens, their bytes where they are none, else unknown. Where there is no unknown token they
     * are left out, and all that follows counts from further left: `isExact` is false then, as it is of single bytes.
     *
     * @param {string} text
     * @returns {{symbols: Symbols, isExact: boolean}}
     */
    symbolsOf(text: string): {
        symbols: Symbols;
        isExact: boolean;
    };
    /** @returns {number} */
    unknownId(): number;
    /**
     * The ids of a character's bytes; null unless all of them are tokens.
     *
     * @param {string} character
     * @returns {number[] | null}
     */
    byteIds(character: string): number[] | null;
}
/**
 * The token of a byte where a vocabulary has tokens for bytes.
 *
 * @param {number} byte
 * @returns {string}
 */
export declare const byteToken: (byte: number) => string;
