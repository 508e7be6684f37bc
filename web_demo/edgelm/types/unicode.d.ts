/** Unicode as Hugging Face's `tokenizers` knows it: the platform's own tables differ with its version. */
/** A number for every code point, kept by pages; a page whose code points are all the same is one number. */
declare class PageTable {
    whole: Uint32Array<ArrayBuffer>;
    /** @type {(Uint32Array | null)[]} */
    pages: (Uint32Array | null)[];
    constructor();
    /**
     * Put bits in for a range of code points.
     *
     * @param {number} first
     * @param {number} last inclusive
     * @param {number} bits
     */
    add(first: number, last: number, bits: number): void;
    /**
     * @param {number} code
     * @returns {number}
     */
    get(code: number): number;
}
/** The bit of each set in `properties`. */
export declare const CONTROL: number;
export declare const BERT_SPACE: number;
export declare const SPACE: number;
export declare const BERT_PUNCTUATION: number;
export declare const PUNCTUATION: number;
export declare const CJK: number;
export declare const NONSPACING: number;
export declare const MARK: number;
export declare const LETTER: number;
export declare const NUMBER: number;
export declare const REGEX_SPACE: number;
export declare const WORD: number;
export declare const ADDED_WORD: number;
export declare const NUMERIC: number;
export declare const NMT_REMOVE: number;
export declare const NMT_SPACE: number;
/** Beside the sets: whether the maps have it, or its combining class is not 0. */
export declare const HAS_LOWER: number;
export declare const HAS_NFD: number;
export declare const HAS_NFKD: number;
export declare const HAS_CLASS: number;
/** All tables, read at the first use. */
declare class Tables {
    properties: PageTable;
    ccc: PageTable;
    grapheme: PageTable;
    /** @type {Map<number, number[]>} */
    lower: Map<number, number[]>;
    /** @type {Map<number, number[]>} */
    nfd: Map<number, number[]>;
    /** @type {Map<number, number[]>} */
    nfkd: Map<number, number[]>;
    /** @type {Map<number, number>} by first * 0x110000 + second */
    compose: Map<number, number>;
    constructor();
    /** @param {string[]} words of a line */
    read([kind, name, ...entries]: string[]): void;
    /**
     * @param {number} place of the set's bit
     * @param {string[]} entries
     */
    readSet(place: number, entries: string[]): void;
    /**
     * @param {string} name
     * @param {string[]} entries
     */
    readMap(name: string, entries: string[]): void;
    /** @param {string[]} entries `gap:second,result`; a first code point again has the gap -1 */
    readCompositions(entries: string[]): void;
    /**
     * @param {string} name
     * @param {string[]} entries
     */
    readClass(name: string, entries: string[]): void;
}
/** @returns {Tables} */
export declare function unicode(): Tables;
/**
 * The code point at a unit of a text, which must not be behind its end.
 *
 * @param {string} text
 * @param {number} [place]
 * @returns {number}
 */
export declare function codeAt(text: string, place?: number): number;
/**
 * The units of UTF-16 that a code point takes.
 *
 * @param {number} code
 * @returns {number}
 */
export declare function widthOf(code: number): number;
/**
 * The sets a code point is in, as bits.
 *
 * @param {number} code
 * @returns {number}
 */
export declare function properties(code: number): number;
/**
 * Whether any code point of a text is in any of the sets.
 *
 * @param {string} text
 * @param {number} bits
 * @returns {boolean}
 */
export declare function hasAny(text: string, bits: number): boolean;
/**
 * Lower case, a code point at a time.
 *
 * @param {string} text
 * @returns {string}
 */
export declare function lowerCase(text: string): string;
/**
 * Whether a string is Unicode: no half of a surrogate pair stands alone.
 *
 * @param {string} text
 * @returns {boolean}
 */
export declare function isWellFormed(text: string): boolean;
/**
 * Whether nothing is left of a text without its white space, as Python sees it.
 *
 * @param {string} text
 * @returns {boolean}
 */
export declare function isBlank(text: string): boolean;
export {};
