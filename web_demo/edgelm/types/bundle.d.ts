/** A bundle: the files that `edgelm export` wrote, checked as edgelm itself checks them. */
import { Tokenizer } from "./tokenizer.js";
export type Files = import("./files.js").Files;
export type JsonObject = import("./json.js").JsonObject;
export type TensorSpec = {
    name: string;
    dtype: string;
    shape: (number | string)[];
};
/** @typedef {import("./files.js").Files} Files */
/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {{name: string, dtype: string, shape: (number | string)[]}} TensorSpec sizes that are not known are names */
export declare const SCHEMA_VERSION = 1;
/** A bundle whose files are all there and as they were exported. */
export declare class Bundle {
    files: import("./files.js").Files;
    manifest: import("./json.js").JsonObject;
    task: string;
    target: string;
    precision: string;
    labels: string[];
    maxLength: number;
    /** The fixed lengths the model takes, ascending; none where it takes any. */
    lengths: number[];
    decode: import("./json.js").JsonObject;
    modelFiles: string[];
    inputs: TensorSpec[];
    outputs: TensorSpec[];
    /** @type {Record<string, number | null>} the lengths of a TFLite model's signatures by name; null takes any */
    signatures: Record<string, number | null>;
    /** @type {Map<string, Uint8Array>} */
    verified: Map<string, Uint8Array>;
    /**
     * @param {Files} files
     * @param {JsonObject} manifest
     */
    constructor(files: Files, manifest: JsonObject);
    /**
     * Read and check a bundle; BundleError where it is none, is newer, lacks a file or was changed.
     *
     * @param {Files} files
     * @returns {Promise<Bundle>}
     */
    static open(files: Files): Promise<Bundle>;
    /** Read every file that the manifest lists, and keep it; BundleError where one is not what it was. */
    verify(): Promise<void>;
    /**
     * The bytes of a file that the manifest lists, as they were verified.
     *
     * @param {string} name
     * @returns {Uint8Array}
     */
    read(name: string): Uint8Array;
    /**
     * Let go of a file's bytes, as of a model that its runtime holds.
     *
     * @param {string} name
     */
    release(name: string): void;
    /** @returns {Tokenizer} */
    tokenizer(): Tokenizer;
}
/**
 * A tokenizer without a bundle.
 *
 * @param {Files} files
 * @param {string} [name] of its file
 * @returns {Promise<Tokenizer>}
 */
export declare function openTokenizer(files: Files, name?: string): Promise<Tokenizer>;
