/** Reads JSON whose every field may be missing or of another type: a broken file is a BundleError, never a crash. */
export type JsonObject = Record<string, unknown>;
/** @typedef {Record<string, unknown>} JsonObject */
/**
 * @param {Uint8Array} bytes
 * @param {string} name of the file, for messages
 * @returns {JsonObject}
 */
export declare function parseObject(bytes: Uint8Array, name: string): JsonObject;
/**
 * @param {unknown} value
 * @returns {value is JsonObject}
 */
export declare function isObject(value: unknown): value is JsonObject;
/**
 * A required field of a known type.
 *
 * @template {"string" | "boolean" | "number" | "integer" | "object" | "array"} K
 * @param {JsonObject} owner
 * @param {string} key
 * @param {K} kind
 * @param {string} where what the owner is, for messages
 * @returns {K extends "string" ? string : K extends "boolean" ? boolean : K extends "object" ? JsonObject
 *   : K extends "array" ? unknown[] : number}
 */
export declare function field<K extends "string" | "boolean" | "number" | "integer" | "object" | "array">(owner: JsonObject, key: string, kind: K, where: string): K extends "string" ? string : K extends "boolean" ? boolean : K extends "object" ? JsonObject : K extends "array" ? unknown[] : number;
/**
 * A field that may be missing or null, which gives `otherwise`.
 *
 * @template {"string" | "boolean" | "number" | "integer" | "object" | "array"} K
 * @template T
 * @param {JsonObject} owner
 * @param {string} key
 * @param {K} kind
 * @param {string} where
 * @param {T} otherwise
 * @returns {T | (K extends "string" ? string : K extends "boolean" ? boolean : K extends "object" ? JsonObject
 *   : K extends "array" ? unknown[] : number)}
 */
export declare function optional<K extends "string" | "boolean" | "number" | "integer" | "object" | "array", T>(owner: JsonObject, key: string, kind: K, where: string, otherwise: T): T | (K extends "string" ? string : K extends "boolean" ? boolean : K extends "object" ? JsonObject : K extends "array" ? unknown[] : number);
/**
 * A list of one type.
 *
 * @template {"string" | "integer" | "number" | "object"} K
 * @param {unknown} value
 * @param {K} kind
 * @param {string} where
 * @returns {(K extends "string" ? string : K extends "object" ? JsonObject : number)[]}
 */
export declare function list<K extends "string" | "integer" | "number" | "object">(value: unknown, kind: K, where: string): (K extends "string" ? string : K extends "object" ? JsonObject : number)[];
