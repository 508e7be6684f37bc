/** A text on its way to tokens, which knows for each of its characters where in the original text it comes from. */
/** Text that is put together from characters, with the place in the original of each of its units. */
export declare class Builder {
    /** @type {number[]} */
    units: number[];
    /** @type {number[]} */
    starts: number[];
    /** @type {number[]} */
    ends: number[];
    constructor();
    get length(): number;
    /**
     * @param {number} code a code point
     * @param {number} start of what it comes from, in the original
     * @param {number} end
     */
    add(code: number, start: number, end: number): void;
    /**
     * @param {number} unit of UTF-16
     * @param {number} start
     * @param {number} end
     */
    unit(unit: number, start: number, end: number): void;
    /** @returns {Normalized} */
    finish(): Normalized;
}
/**
 * Characters that take the place of a text's own, each with what it does to them: 0 replaces the next one, a positive
 * number inserts, and -n replaces the next one and removes the n behind it.
 */
export declare class Edits {
    /** @type {number[]} */
    codes: number[];
    /** @type {number[]} */
    changes: number[];
    constructor();
    /**
     * @param {number} code
     * @param {number} change
     */
    add(code: number, change: number): void;
}
/** A text, never changed, whose units know their places in the original. */
export declare class Normalized {
    text: string;
    starts: number[] | null;
    ends: number[] | null;
    base: number;
    /**
     * @param {string} text
     * @param {number[] | null} [starts] of each unit, in the original; null where the units are the original's own
     * @param {number[] | null} [ends]
     * @param {number} [base] where the text begins in the original, if the units are its own
     */
    constructor(text: string, starts?: number[] | null, ends?: number[] | null, base?: number);
    /**
     * Where the character at a unit begins in the original.
     *
     * @param {number} place
     * @returns {number}
     */
    start(place: number): number;
    /**
     * Where the character that ends before a unit ends in the original.
     *
     * @param {number} place at least 1
     * @returns {number}
     */
    end(place: number): number;
    /**
     * @param {number} from
     * @param {number} to
     * @returns {Normalized}
     */
    slice(from: number, to: number): Normalized;
    /**
     * The same characters' places with another text of as many units for each character.
     *
     * @param {string} text
     * @returns {Normalized}
     */
    withText(text: string): Normalized;
    /**
     * A copy of some of its units at the end of a builder.
     *
     * @param {Builder} builder
     * @param {number} from
     * @param {number} to
     */
    copy(builder: Builder, from: number, to: number): void;
    /**
     * The text after edits, which begin behind its first `skipped` characters; those are gone.
     *
     * @param {Edits} edits
     * @param {number} [skipped]
     * @returns {Normalized}
     */
    edited({ codes, changes }: Edits, skipped?: number): Normalized;
    /**
     * Where the character that ends before a unit begins in the original.
     *
     * @param {number} place at least 1
     * @returns {number}
     */
    startBefore(place: number): number;
    /**
     * The text with each of some matches replaced; what is put in comes from where the match's last character does.
     *
     * @param {[number, number][]} matches in order, none empty
     * @param {string} content
     * @returns {Normalized}
     */
    replaced(matches: [number, number][], content: string): Normalized;
    /**
     * The text without the characters in any of the sets that `removes` tells.
     *
     * @param {(code: number) => boolean} removes
     * @returns {Normalized}
     */
    filtered(removes: (code: number) => boolean): Normalized;
    /**
     * The text with other characters before it, which come from where its first one does; an empty one stays so.
     *
     * @param {string} content
     * @returns {Normalized}
     */
    prepended(content: string): Normalized;
}
