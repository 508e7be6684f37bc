/** Stretches of a normalized text, on their way from the whole text to words. */
export type Normalized = import("./normalized.js").Normalized;
export type Pattern = import("./patterns.js").Pattern;
export type Behavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";
/** @typedef {import("./normalized.js").Normalized} Normalized */
/** @typedef {import("./patterns.js").Pattern} Pattern */
/** @typedef {"Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous"} Behavior */
/** What a model makes of a text: its tokens, with their places in that text. */
export declare class Word {
    /** @type {number[]} */
    ids: number[];
    /** @type {string[]} */
    tokens: string[];
    /** @type {number[]} units of the text */
    starts: number[];
    /** @type {number[]} */
    ends: number[];
    constructor();
    /**
     * @param {number} id
     * @param {string} token
     * @param {number} start
     * @param {number} end
     */
    add(id: number, token: string, start: number, end: number): void;
}
/** Some units of a normalized text; with a word it is an added token, which nothing splits any more. */
export declare class Piece {
    source: import("./normalized.js").Normalized;
    from: number;
    to: number;
    word: Word | null;
    /**
     * @param {Normalized} source
     * @param {number} from
     * @param {number} to
     * @param {Word | null} [word]
     */
    constructor(source: Normalized, from: number, to: number, word?: Word | null);
    /**
     * @param {Normalized} source
     * @returns {Piece}
     */
    static whole(source: Normalized): Piece;
    get text(): string;
    /**
     * The piece as a text of its own.
     *
     * @returns {Normalized}
     */
    get normalized(): Normalized;
}
export type Stretch = {
    from: number;
    to: number;
};
/** @param {string} name @returns {name is Behavior} */
export declare const isBehavior: (name: string) => name is Behavior;
/**
 * @param {Piece} piece
 * @param {Pattern} pattern
 * @param {Behavior} behavior
 * @param {boolean} [inverted] what it does not match counts as matched
 * @returns {Piece[]}
 */
export declare function split(piece: Piece, pattern: Pattern, behavior: Behavior, inverted?: boolean): Piece[];
