import { Word } from "../pieces.js";
import { Model } from "./model.js";
/** WordPiece (Devlin et al. 2019): of a word always the longest token that it goes on with. */
export declare class WordPiece extends Model {
    unknown: string;
    prefix: string;
    longestWord: number;
    longestToken: number;
    /** @param {import("../json.js").JsonObject} setting */
    constructor(setting: import("../json.js").JsonObject);
    /**
     * @override
     * @param {string} text
     * @returns {Word}
     */
    cut(text: string): Word;
    /**
     * Where the longest token ends that begins at a place; the place itself where there is none.
     *
     * @param {string} text
     * @param {number} start
     * @returns {number}
     */
    longestEnd(text: string, start: number): number;
    /**
     * @param {string} text
     * @returns {Word}
     */
    unknownWord(text: string): Word;
}
