/** Unicode's normal forms, with what each character does to the text it is made of. */
export type Normalized = import("./normalized.js").Normalized;
/** @type {Record<"NFC" | "NFD" | "NFKC" | "NFKD", (normalized: Normalized) => Normalized>} */
export declare const NORMAL_FORMS: Record<"NFC" | "NFD" | "NFKC" | "NFKD", (normalized: Normalized) => Normalized>;
