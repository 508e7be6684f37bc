/** Byte-pair encoding's merges (Sennrich et al. 2016): which two symbols become one, and in which order. */
/** The symbols of a word: a token's id, and how much of the word it stands for. */
export declare class Symbols {
    ids: Int32Array<ArrayBuffer>;
    units: Int32Array<ArrayBuffer>;
    bytes: Int32Array<ArrayBuffer>;
    length: number;
    /** @param {number} capacity */
    constructor(capacity: number);
    /**
     * @param {number} id
     * @param {number} units of UTF-16
     * @param {number} bytes of UTF-8
     */
    add(id: number, units: number, bytes: number): void;
}
/** The merges of a vocabulary, in a table of their own: a Map of pairs is several times as slow. */
export declare class Merges {
    mask: number;
    lefts: Int32Array<ArrayBuffer>;
    rights: Int32Array<ArrayBuffer>;
    ranks: Int32Array<ArrayBuffer>;
    /** @type {number[]} the id that a merge gives, by rank */
    results: number[];
    /** @param {number} count of merges, at most */
    constructor(count: number);
    /**
     * Where a pair stands in the table, or would.
     *
     * @param {number} left id
     * @param {number} right id
     * @returns {number}
     */
    slot(left: number, right: number): number;
    /**
     * The next merge in their order; a pair that has one already gets this one instead.
     *
     * @param {number} left id
     * @param {number} right id
     * @param {number} result id
     */
    add(left: number, right: number, result: number): void;
    /**
     * Merge the symbols of a word until no merge is left.
     *
     * @param {Symbols} symbols
     * @returns {Symbols}
     */
    apply(symbols: Symbols): Symbols;
}
/** The largest id that a table of merges holds. */
export declare const LARGEST_ID: number;
