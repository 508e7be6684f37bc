// @ts-check
/** Reads JSON whose every field may be missing or of another type: a broken file is a BundleError, never a crash. */

import { damaged } from "./errors.js";

/** @typedef {Record<string, unknown>} JsonObject */

/**
 * @param {Uint8Array} bytes
 * @param {string} name of the file, for messages
 * @returns {JsonObject}
 */
export function parseObject(bytes, name) {
  let content;
  try {
    content = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw damaged(`${name} is not readable JSON: ${error instanceof Error ? error.message : error}.`);
  }
  if (!isObject(content)) throw damaged(`${name} does not hold a JSON object.`);
  return content;
}

/**
 * @param {unknown} value
 * @returns {value is JsonObject}
 */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @type {Record<string, (value: unknown) => boolean>} */
const KINDS = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value) && /** @type {number} */ (value) >= 0,
  object: isObject,
  array: Array.isArray,
};

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
export function field(owner, key, kind, where) {
  const value = Object.hasOwn(owner, key) ? owner[key] : undefined;
  if (!KINDS[kind](value)) throw damaged(`${where} has no ${kind} ${JSON.stringify(key)}.`);
  return /** @type {any} */ (value);
}

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
export function optional(owner, key, kind, where, otherwise) {
  const value = Object.hasOwn(owner, key) ? owner[key] : undefined;
  return value === undefined || value === null ? otherwise : field(owner, key, kind, where);
}

/**
 * A list of one type.
 *
 * @template {"string" | "integer" | "number" | "object"} K
 * @param {unknown} value
 * @param {K} kind
 * @param {string} where
 * @returns {(K extends "string" ? string : K extends "object" ? JsonObject : number)[]}
 */
export function list(value, kind, where) {
  if (!Array.isArray(value) || !value.every(KINDS[kind])) throw damaged(`${where} is no list of ${kind}s.`);
  return value;
}
