/** Text to ids and back, exactly as Hugging Face's `tokenizers` does it with the same `tokenizer.json`. */
import { AddedTokens } from "./added-tokens.js";
import { Part } from "./encoding.js";
export type Encoding = import("./encoding.js").Encoding;
export type JsonObject = import("./json.js").JsonObject;
/** @typedef {import("./encoding.js").Encoding} Encoding */
/** @typedef {import("./json.js").JsonObject} JsonObject */
/** A tokenizer; it never truncates or pads unless asked, whatever its file says. */
export declare class Tokenizer {
    model: import("./models/model.js").Model;
    normalize: import("./normalizers.js").Normalizer;
    preTokenize: import("./pre-tokenizers.js").PreTokenizer;
    postProcessor: import("./post-processors.js").PostProcessor | null;
    decoder: import("./decoders.js").Decoder;
    added: AddedTokens;
    /** @type {Record<string, string>} tokens by their roles: `pad`, `unk`, `cls`, `sep`, `mask` */
    specialTokens: Record<string, string>;
    /** @type {Record<string, number>} their ids; a role whose token has none is left out */
    specialIds: Record<string, number>;
    /**
     * @param {JsonObject} state the content of `tokenizer.json`
     * @param {JsonObject} [facts] the manifest's `tokenizer`, where there is one
     */
    constructor(state: JsonObject, facts?: JsonObject);
    /**
     * @param {string} token
     * @returns {number | undefined}
     */
    idOf(token: string): number | undefined;
    /**
     * A text or a pair with special tokens and offsets; InputError unless it is Unicode.
     *
     * @param {string} text
     * @param {string | null} [pair]
     * @returns {Encoding}
     */
    encode(text: string, pair?: string | null): Encoding;
    /**
     * A text or a pair of no more than `maxLength` tokens, the longer part shortened first; whole where there is no room
     * for the special tokens.
     *
     * @param {string} text
     * @param {string | null} pair
     * @param {number} maxLength
     * @returns {Encoding}
     */
    cut(text: string, pair: string | null, maxLength: number): Encoding;
    /**
     * A question with its whole context, or with overlapping parts of it where both have more than `length` tokens.
     *
     * Neighbours share `docStride` tokens, fewer where the question leaves too little room; InputError where it leaves
     * none.
     *
     * @param {string} question
     * @param {string} context
     * @param {number} length
     * @param {number} docStride
     * @returns {Encoding[]}
     */
    windows(question: string, context: string, length: number, docStride: number): Encoding[];
    /**
     * @param {number[]} ids unknown ones are left out
     * @param {boolean} skipSpecialTokens
     * @returns {string}
     */
    decode(ids: number[], skipSpecialTokens: boolean): string;
    /**
     * @param {boolean} isPair
     * @returns {number} the special tokens put around a text or a pair
     */
    addedCount(isPair: boolean): number;
    /**
     * @param {string} text
     * @param {string | null} pair
     * @returns {Part[]}
     */
    parts(text: string, pair: string | null): Part[];
    /**
     * The tokens of one text.
     *
     * @param {string} text
     * @param {number} type
     * @returns {Part}
     */
    part(text: string, type: number): Part;
    /**
     * @param {Part[]} parts which are changed
     * @param {boolean} isOverflow
     * @returns {Part[]}
     */
    framed(parts: Part[], isOverflow: boolean): Part[];
    /**
     * @param {Part[]} parts which are changed
     * @param {boolean} [isOverflow] whether they are a window behind the first
     * @returns {Encoding}
     */
    finish(parts: Part[], isOverflow?: boolean): Encoding;
}
