/** GPT-2's alphabet of bytes: each byte as a visible character (Radford et al. 2019). */
/** The code point of each byte: its own where that is visible, else one of those from 256 on. */
export declare const ENCODED: Uint16Array<ArrayBuffer>;
/** @type {Map<number, number>} the byte of each of those code points */
export declare const DECODED: Map<number, number>;
