/** The decoders of `tokenizer.json`: tokens back to text. */
export type JsonObject = import("./json.js").JsonObject;
export type Decoder = (tokens: string[]) => string[];
/**
 * The decoder of a `tokenizer.json`; of null, one that joins tokens with spaces.
 *
 * @param {unknown} setting
 * @returns {Decoder}
 */
export declare function decoderOf(setting: unknown): Decoder;
