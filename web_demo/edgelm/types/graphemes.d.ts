/** User-perceived characters: extended grapheme clusters of Unicode Standard Annex 29. */
/**
 * The units at which a text's clusters end, the last one its length.
 *
 * @param {string} text
 * @returns {number[]}
 */
export declare function clusterEnds(text: string): number[];
