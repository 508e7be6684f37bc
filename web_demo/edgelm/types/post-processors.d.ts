/** The post-processors of `tokenizer.json`: special tokens around a text or a pair, and narrower offsets. */
import { Part } from "./encoding.js";
export type JsonObject = import("./json.js").JsonObject;
export type PostProcessor = {
    /**
     * how many special tokens it puts in
     */
    added: (isPair: boolean) => number;
    /**
     * the parts of a text or pair; `isOverflow` is true
     * for every window of a long text but the first, whose token types `tokenizers` leaves as they are
     */
    process: (parts: Part[], isOverflow: boolean) => Part[];
};
export type Slot = {
    sequence: number;
    type: number;
} | {
    special: () => Part;
};
/**
 * The post-processor of a `tokenizer.json`; null where it has none.
 *
 * @param {unknown} setting
 * @returns {PostProcessor | null}
 */
export declare function postProcessorOf(setting: unknown): PostProcessor | null;
