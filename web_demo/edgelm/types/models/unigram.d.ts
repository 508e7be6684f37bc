import { Word } from "../pieces.js";
import { Model } from "./model.js";
import { Trie } from "./trie.js";
export type JsonObject = import("../json.js").JsonObject;
/**
 * A score as `tokenizers` reads it from its digits: they are a whole number, divided by a power of ten. That is not
 * always the nearest float64, and of two ways to cut a word that are equally good the last digit decides.
 *
 * @param {number} value
 * @returns {number}
 */
export declare function readScore(value: number): number;
/** SentencePiece's unigram model (Kudo 2018): of all ways to cut a word the one with the largest sum of scores. */
export declare class Unigram extends Model {
    entries: [string, number][];
    scores: Float64Array<ArrayBuffer>;
    unknownId: number | null;
    hasBytes: boolean;
    unknownScore: number;
    trie: Trie;
    /** @param {JsonObject} setting */
    constructor(setting: JsonObject);
    /** @override */
    get size(): number;
    /**
     * @override
     * @param {number} id
     */
    tokenOf(id: number): string;
    /**
     * @override
     * @param {string} text
     * @returns {Word}
     */
    cut(text: string): Word;
    /**
     * The best way to each place of a text (Viterbi 1967): where its last token begins, and that token's id. Of equally
     * good ones the first counts.
     *
     * @param {string} text
     * @returns {{starts: Int32Array, ids: Int32Array}}
     */
    bestPath(text: string): {
        starts: Int32Array;
        ids: Int32Array;
    };
    /**
     * The stretches of the best way, unknown ones side by side as one.
     *
     * @param {{starts: Int32Array, ids: Int32Array}} path
     * @param {number} length
     * @returns {[number, number][]}
     */
    fused({ starts, ids }: {
        starts: Int32Array;
        ids: Int32Array;
    }, length: number): [number, number][];
    /** @returns {number} */
    unknown(): number;
    /**
     * The tokens of a text's bytes; null unless the vocabulary has all of them.
     *
     * @param {string} text
     * @returns {string[] | null}
     */
    byteTokens(text: string): string[] | null;
}
