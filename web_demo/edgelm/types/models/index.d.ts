export type Model = import("./model.js").Model;
/**
 * The model of a `tokenizer.json`.
 *
 * @param {unknown} setting
 * @returns {Model}
 */
export declare function modelOf(setting: unknown): Model;
