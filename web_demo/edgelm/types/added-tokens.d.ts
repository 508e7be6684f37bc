/** Tokens that are found in a text before any other rule is applied, special ones among them. */
import { Piece } from "./pieces.js";
export type Normalizer = import("./normalizers.js").Normalizer;
export type Model = import("./models/model.js").Model;
export type AddedToken = {
    id: number;
    content: string;
    /**
     * found only where no letter or digit stands beside it
     */
    singleWord: boolean;
    /**
     * takes the white space before it
     */
    lstrip: boolean;
    /**
     * takes the white space behind it
     */
    rstrip: boolean;
    /**
     * found in the normalized text, by its own normalized form
     */
    normalized: boolean;
    special: boolean;
};
export type Node = {
    token: AddedToken | null;
    next: Map<number, Node>;
};
/** @typedef {import("./normalizers.js").Normalizer} Normalizer */
/** @typedef {import("./models/model.js").Model} Model */
/**
 * @typedef {object} AddedToken
 * @property {number} id
 * @property {string} content
 * @property {boolean} singleWord found only where no letter or digit stands beside it
 * @property {boolean} lstrip takes the white space before it
 * @property {boolean} rstrip takes the white space behind it
 * @property {boolean} normalized found in the normalized text, by its own normalized form
 * @property {boolean} special
 */
/** @typedef {{token: AddedToken | null, next: Map<number, Node>}} Node */
/** Finds the leftmost and of these the longest of some strings. */
declare class Finder {
    /** @type {Node} */
    root: Node;
    constructor();
    /**
     * @param {string} text an empty one is never found; of equal ones the first counts
     * @param {AddedToken} token
     */
    add(text: string, token: AddedToken): void;
    /**
     * @param {string} text
     * @returns {{token: AddedToken, from: number, to: number}[]} side by side, none in another
     */
    find(text: string): {
        token: AddedToken;
        from: number;
        to: number;
    }[];
    /**
     * @param {string} text
     * @param {number} from
     */
    longest(text: string, from: number): {
        token: AddedToken;
        from: number;
        to: number;
    } | null;
}
/** The added tokens of a tokenizer, with the ids they have in it. */
export declare class AddedTokens {
    /** @type {Map<string, number>} */
    ids: Map<string, number>;
    /** @type {Map<number, AddedToken>} */
    tokens: Map<number, AddedToken>;
    /** @type {Map<number, string>} what a token is called when ids are decoded, where it is not its content */
    names: Map<number, string>;
    /** @type {Set<string>} */
    special: Set<string>;
    asIs: Finder;
    normalized: Finder;
    /**
     * @param {unknown} settings `added_tokens` of a `tokenizer.json`
     * @param {Model} model
     * @param {Normalizer} normalize
     */
    constructor(settings: unknown, model: Model, normalize: Normalizer);
    /**
     * @param {AddedToken} token
     * @param {Normalizer} normalize
     */
    index(token: AddedToken, normalize: Normalizer): void;
    /**
     * @param {number} id
     * @returns {string | undefined}
     */
    nameOf(id: number): string | undefined;
    /**
     * A text in pieces, those that are added tokens with their word; the others are normalized.
     *
     * @param {string} text
     * @param {Normalizer} normalize
     * @returns {Piece[]}
     */
    split(text: string, normalize: Normalizer): Piece[];
}
export {};
