/** What the models of `tokenizer.json` share: a vocabulary, and a memory of the words they met. */
import { Word } from "../pieces.js";
export type JsonObject = import("../json.js").JsonObject;
/** A vocabulary and a way to cut a word into its tokens. */
export declare class Model {
    ids: Map<string, number>;
    /** @type {Map<number, string> | null} by id, made when it is first needed */
    byId: Map<number, string> | null;
    /** @type {Map<string, Word>} */
    memory: Map<string, Word>;
    /** @param {Map<string, number>} ids by token */
    constructor(ids: Map<string, number>);
    /** Entries of the vocabulary. */
    get size(): number;
    /**
     * @param {string} token
     * @returns {number | undefined}
     */
    idOf(token: string): number | undefined;
    /**
     * @param {number} id
     * @returns {string | undefined}
     */
    tokenOf(id: number): string | undefined;
    /**
     * The tokens of a word; the answer is kept, and must not be changed.
     *
     * @param {string} text not empty
     * @returns {Word}
     */
    tokenize(text: string): Word;
    /**
     * @param {string} text
     * @returns {Word}
     */
    cut(text: string): Word;
}
/**
 * The vocabulary of a model: ids by token.
 *
 * @param {JsonObject} setting
 * @param {string} where
 * @returns {Map<string, number>}
 */
export declare function vocabularyOf(setting: JsonObject, where: string): Map<string, number>;
