/** SentencePiece's own normalization: a trie of byte strings and what each becomes, as its models carry it. */
export type Normalized = import("./normalized.js").Normalized;
/** A compiled charsmap: `[size of the trie in bytes, uint32 little-endian][trie][replacements, each ended by 0]`. */
export declare class Charsmap {
    trie: Uint32Array<ArrayBuffer>;
    texts: Uint8Array<ArrayBufferLike>;
    encoder: TextEncoder;
    /** @type {Map<string, number[] | null>} */
    known: Map<string, number[] | null>;
    /** @param {string} base64 */
    constructor(base64: string);
    /**
     * What becomes of a cluster or a character, as code points: of the shortest of the trie's entries that it begins
     * with; null where there is none.
     *
     * @param {string} text
     * @returns {number[] | null}
     */
    replacement(text: string): number[] | null;
    /**
     * @param {Uint8Array} key
     * @returns {number[] | null}
     */
    look(key: Uint8Array): number[] | null;
    /**
     * @param {number} start
     * @returns {number[]}
     */
    textAt(start: number): number[];
    /**
     * A text normalized: whole clusters first, else each of their characters.
     *
     * @param {Normalized} normalized
     * @returns {Normalized}
     */
    normalize(normalized: Normalized): Normalized;
}
