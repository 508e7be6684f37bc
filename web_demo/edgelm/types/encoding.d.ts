/** A text as a model reads it. */
export type Offsets = [number, number];
/** @typedef {[number, number]} Offsets start and end in the text, in UTF-16 code units, as JavaScript's strings count */
/** Tokens, each with all that is known of it; the lists are equally long. */
export declare class Encoding {
    /** @type {number[]} */
    ids: number[];
    /** @type {number[]} which of the model's token types */
    typeIds: number[];
    /** @type {number[]} 1 for a token that stands for no text */
    specialTokensMask: number[];
    /** @type {Offsets[]} [0, 0] for special tokens */
    offsets: Offsets[];
    /** @type {(number | null)[]} the number of its word in its text */
    wordIds: (number | null)[];
    /** @type {(number | null)[]} 0 for the text, 1 for its pair */
    sequenceIds: (number | null)[];
    /** @type {string[]} */
    tokens: string[];
    constructor();
    get length(): number;
    /** @returns {number[]} 1 for each token: nothing is padded here */
    get attentionMask(): number[];
    /**
     * Where a word of one of the texts begins and ends; null where it has no token.
     *
     * @param {number} word
     * @param {number} sequence
     * @returns {Offsets | null}
     */
    wordOffsets(word: number, sequence: number): Offsets | null;
}
/** Tokens of one text on their way into an encoding: with the stretches that belong to a text, by its number. */
export declare class Part {
    /** @type {number[]} */
    ids: number[];
    /** @type {number[]} */
    typeIds: number[];
    /** @type {number[]} */
    special: number[];
    /** @type {number[]} */
    starts: number[];
    /** @type {number[]} */
    ends: number[];
    /** @type {(number | null)[]} */
    words: (number | null)[];
    /** @type {string[]} */
    tokens: string[];
    /** @type {Map<number, [number, number]>} */
    sequences: Map<number, [number, number]>;
    constructor();
    /**
     * @param {number} sequence
     * @returns {this} the same, all of it that text's
     */
    of(sequence: number): this;
    /**
     * @param {number} type
     * @returns {this}
     */
    typed(type: number): this;
    /**
     * Some of its tokens.
     *
     * @param {number} from
     * @param {number} to
     * @returns {Part}
     */
    slice(from: number, to: number): Part;
    /**
     * Another part's tokens behind its own.
     *
     * @param {Part} other
     */
    append(other: Part): void;
    /** @returns {Encoding} */
    finish(): Encoding;
    /** @returns {(number | null)[]} */
    sequenceIds(): (number | null)[];
}
/**
 * A part of one special token or several.
 *
 * @param {number[]} ids
 * @param {string[]} tokens
 * @param {number} type
 * @returns {Part}
 */
export declare function specialPart(ids: number[], tokens: string[], type: number): Part;
