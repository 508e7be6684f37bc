/** Labels of tokens to entities, as Hugging Face's TokenClassificationPipeline puts them together. */
export type Encoding = import("./encoding.js").Encoding;
export type JsonObject = import("./json.js").JsonObject;
export type Vector = Float64Array;
export type Entity = {
    entity_group: string;
    score: number;
    /**
     * the text from `start` to `end`
     */
    word: string;
    /**
     * in UTF-16 code units, as JavaScript's strings count
     */
    start: number;
    end: number;
};
export type LabelledToken = {
    entity: string;
    score: number;
    /**
     * its place among the tokens
     */
    index: number;
    word: string;
    start: number;
    end: number;
};
export type Token = {
    index: number;
    scores: Vector;
    start: number;
    end: number;
    word: string;
    continues: boolean;
};
/** @typedef {import("./encoding.js").Encoding} Encoding */
/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {Float64Array} Vector */
/**
 * @typedef {object} Entity
 * @property {string} entity_group
 * @property {number} score
 * @property {string} word the text from `start` to `end`
 * @property {number} start in UTF-16 code units, as JavaScript's strings count
 * @property {number} end
 */
/**
 * A token with its own label, as the aggregation `none` gives it.
 *
 * @typedef {object} LabelledToken
 * @property {string} entity
 * @property {number} score
 * @property {number} index its place among the tokens
 * @property {string} word
 * @property {number} start
 * @property {number} end
 */
/** @typedef {{index: number, scores: Vector, start: number, end: number, word: string, continues: boolean}} Token */
/** What is read of a tagger's output. */
export declare class Tagging {
    logits: Vector[];
    encoding: import("./encoding.js").Encoding;
    text: string;
    labels: string[];
    words: string;
    tags: string;
    crf: import("./json.js").JsonObject | null;
    unknown: number | undefined;
    /**
     * @param {Vector[]} logits [tokens, labels]
     * @param {Encoding} encoding
     * @param {string} text
     * @param {string[]} labels
     * @param {JsonObject} rules `words` and `tags`, and `crf` where there is a field
     * @param {number | undefined} unknown the id of the unknown token, for which the text's own words stand
     */
    constructor(logits: Vector[], encoding: Encoding, text: string, labels: string[], rules: JsonObject, unknown: number | undefined);
    /**
     * Entities, or tokens of the aggregation `none`, without the outside label `O`.
     *
     * @param {string} aggregation `none`, `simple`, `first`, `average` or `max`
     * @returns {Entity[] | LabelledToken[]}
     */
    entities(aggregation: string): Entity[] | LabelledToken[];
    /** @returns {Token[]} those of the text */
    tokens(): Token[];
    /**
     * Whether a token belongs to the word of the token before it.
     *
     * @param {number} index
     * @returns {boolean}
     */
    continuesWord(index: number): boolean;
    /**
     * What a field gives the tokens it reads; the others of a word have what its first token has.
     *
     * @param {JsonObject} rules
     * @param {number[]} places of the text's tokens
     * @returns {Vector[]}
     */
    pathScores(rules: JsonObject, places: number[]): Vector[];
    /**
     * The tokens of one word, or one token, with the label of the best score.
     *
     * @param {Token[]} tokens
     * @param {(scores: Vector[]) => Vector} choose
     * @returns {LabelledToken}
     */
    labelled(tokens: Token[], choose: (scores: Vector[]) => Vector): LabelledToken;
}
