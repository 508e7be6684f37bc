/** What cuts a text: characters of a set, a fixed string, or one of the regular expressions that tokenizers use. */
export type Match = [number, number];
export type Pattern = (text: string) => Match[];
/** @typedef {[number, number]} Match units of a text: from, to */
/** @typedef {(text: string) => Match[]} Pattern finds what it matches, from left to right, never an empty stretch */
/**
 * Each character that is in one of the sets, alone.
 *
 * @param {number} bits
 * @returns {Pattern}
 */
export declare function characters(bits: number): Pattern;
/**
 * @param {string} wanted not empty
 * @returns {Pattern}
 */
export declare function literal(wanted: string): Pattern;
/**
 * GPT-2's words (Radford et al. 2019), by its regular expression; nothing of a text is left over.
 *
 * @type {Pattern}
 */
export declare function gpt2Words(text: string): Match[];
/**
 * Words and what stands between them, without white space: `\w+|[^\w\s]+`.
 *
 * @type {Pattern}
 */
export declare function wordsAndSigns(text: string): Match[];
/**
 * The pattern of a component: `{"String": ...}` or `{"Regex": ...}`; of regular expressions, those that are known.
 *
 * @param {unknown} setting
 * @param {string} where
 * @returns {Pattern}
 */
export declare function patternOf(setting: unknown, where: string): Pattern;
export type Part = {
    from: number;
    to: number;
    isMatch: boolean;
};
/** @typedef {{from: number, to: number, isMatch: boolean}} Part */
/**
 * A whole text in the parts that a pattern matches and those between; an empty one is one part.
 *
 * @param {string} text
 * @param {Pattern} pattern
 * @returns {Part[]}
 */
export declare function parts(text: string, pattern: Pattern): Part[];
