// @ts-check
/** A bundle: the files that `edgelm export` wrote, checked as edgelm itself checks them. */

import { BundleError, damaged } from "./errors.js";
import { field, isObject, list, optional, parseObject } from "./json.js";
import { sha256 } from "./sha256.js";
import { Tokenizer } from "./tokenizer.js";

/** @typedef {import("./files.js").Files} Files */
/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {{name: string, dtype: string, shape: (number | string)[]}} TensorSpec sizes that are not known are names */

export const SCHEMA_VERSION = 1;
const MANIFEST = "edgelm.json";
const TOKENIZER = "tokenizer.json";
const KEYS = [
  "model",
  "task",
  "labels",
  "target",
  "precision",
  "scheme",
  "rewrites",
  "max_length",
  "lengths",
  "artifact",
  "tokenizer",
  "decode",
  "source",
  "files",
];
const EXPORT_AGAIN = "Export it again.";

/**
 * What a file source throws is of its own kind; a reader of bundles knows one.
 *
 * @param {Files} files
 * @param {string} name
 * @returns {Promise<Uint8Array | null>}
 */
async function readFrom(files, name) {
  try {
    return await files.read(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BundleError("missingFile", `${name} of ${files.name} cannot be read: ${reason}`, "Is the place right?");
  }
}

/**
 * @param {unknown} value
 * @param {string} where
 * @returns {TensorSpec[]}
 */
function specsOf(value, where) {
  return list(value, "object", where).map((spec) => {
    const shape = field(spec, "shape", "array", where);
    if (!shape.every((size) => typeof size === "string" || Number.isInteger(size)))
      throw damaged(`${where} has no shape.`);
    const dtype = optional(spec, "dtype", "string", where, "int32");
    return { name: field(spec, "name", "string", where), dtype, shape: /** @type {(number | string)[]} */ (shape) };
  });
}

/**
 * Whether a name is of a file inside the bundle.
 *
 * @param {string} name
 * @returns {boolean}
 */
const isInside = (name) => !/^[/\\]|^[A-Za-z]:|\\/.test(name) && !name.split("/").includes("..");

/** A bundle whose files are all there and as they were exported. */
export class Bundle {
  /**
   * @param {Files} files
   * @param {JsonObject} manifest
   */
  constructor(files, manifest) {
    this.files = files;
    this.manifest = manifest;
    const where = MANIFEST;
    this.task = field(manifest, "task", "string", where);
    this.target = field(manifest, "target", "string", where);
    this.precision = field(manifest, "precision", "string", where);
    this.labels = list(manifest.labels, "string", `${where}: labels`);
    this.maxLength = field(manifest, "max_length", "integer", where);
    /** The fixed lengths the model takes, ascending; none where it takes any. */
    this.lengths = list(manifest.lengths, "integer", `${where}: lengths`).sort((one, other) => one - other);
    this.decode = field(manifest, "decode", "object", where);
    const artifact = field(manifest, "artifact", "object", where);
    this.modelFiles = list(artifact.files, "string", `${where}: artifact.files`);
    this.inputs = specsOf(artifact.inputs, `${where}: artifact.inputs`);
    if (!this.inputs.some(({ name }) => name === "input_ids")) throw damaged(`${where} has a model without input_ids.`);
    this.outputs = specsOf(artifact.outputs, `${where}: artifact.outputs`);
    const details = optional(artifact, "details", "object", where, {});
    /** @type {Record<string, number | null>} the lengths of a TFLite model's signatures by name; null takes any */
    this.signatures = signaturesOf(details);
    /** @type {Map<string, Uint8Array>} */
    this.verified = new Map();
  }

  /**
   * Read and check a bundle; BundleError where it is none, is newer, lacks a file or was changed.
   *
   * @param {Files} files
   * @returns {Promise<Bundle>}
   */
  static async open(files) {
    const bytes = await readFrom(files, MANIFEST);
    if (bytes === null) {
      const message = `${files.name} is no bundle: it has no ${MANIFEST}.`;
      throw new BundleError("notABundle", message, "Make one: edgelm export MODEL --target T");
    }
    const bundle = new Bundle(files, checkedManifest(parseObject(bytes, MANIFEST), files.name));
    await bundle.verify();
    return bundle;
  }

  /** Read every file that the manifest lists, and keep it; BundleError where one is not what it was. */
  async verify() {
    const listed = field(this.manifest, "files", "object", MANIFEST);
    for (const name of Object.keys(listed)) {
      const entry = listed[name];
      if (!isObject(entry) || !isInside(name))
        throw damaged(`${MANIFEST} lists a file ${JSON.stringify(name)} wrongly.`);
      const bytes = await readFrom(this.files, name);
      if (bytes === null) {
        throw new BundleError(
          "missingFile",
          `${this.files.name} lacks ${name}, which its manifest lists.`,
          EXPORT_AGAIN,
        );
      }
      const size = optional(entry, "bytes", "integer", MANIFEST, bytes.length);
      if (bytes.length !== size || (await sha256(bytes)) !== field(entry, "sha256", "string", MANIFEST)) {
        throw new BundleError(
          "changedFile",
          `${name} of ${this.files.name} was changed since the export.`,
          EXPORT_AGAIN,
        );
      }
      this.verified.set(name, bytes);
    }
  }

  /**
   * The bytes of a file that the manifest lists, as they were verified.
   *
   * @param {string} name
   * @returns {Uint8Array}
   */
  read(name) {
    const bytes = this.verified.get(name);
    if (bytes === undefined) throw new BundleError("missingFile", `${MANIFEST} lists no ${name}.`, EXPORT_AGAIN);
    return bytes;
  }

  /**
   * Let go of a file's bytes, as of a model that its runtime holds.
   *
   * @param {string} name
   */
  release(name) {
    this.verified.delete(name);
  }

  /** @returns {Tokenizer} */
  tokenizer() {
    const facts = field(this.manifest, "tokenizer", "object", MANIFEST);
    return tokenizerOf(this.read(TOKENIZER), TOKENIZER, facts);
  }
}

/**
 * @param {JsonObject} manifest
 * @param {string} place
 * @returns {JsonObject}
 */
function checkedManifest(manifest, place) {
  const version = manifest.schema_version;
  if (version !== SCHEMA_VERSION) {
    const kind = typeof version === "number" && version > SCHEMA_VERSION ? "newerSchema" : "damaged";
    const message = `${place} has schema version ${JSON.stringify(version) ?? "none"}; this edgelm reads ${SCHEMA_VERSION}.`;
    throw new BundleError(kind, message, "Update edgelm.");
  }
  const absent = KEYS.find((key) => !Object.hasOwn(manifest, key));
  if (absent !== undefined) throw damaged(`${MANIFEST} has no ${JSON.stringify(absent)}; it is damaged.`);
  return manifest;
}

/**
 * @param {JsonObject} details
 * @returns {Record<string, number | null>}
 */
function signaturesOf(details) {
  const signatures = optional(details, "signatures", "object", MANIFEST, {});
  for (const length of Object.values(signatures)) {
    if (length !== null && !Number.isInteger(length)) throw damaged(`${MANIFEST} has a signature without a length.`);
  }
  return /** @type {Record<string, number | null>} */ (signatures);
}

/**
 * @param {Uint8Array} bytes
 * @param {string} name of the file, for messages
 * @param {JsonObject} [facts]
 * @returns {Tokenizer}
 */
function tokenizerOf(bytes, name, facts) {
  return new Tokenizer(parseObject(bytes, name), facts);
}

/**
 * A tokenizer without a bundle.
 *
 * @param {Files} files
 * @param {string} [name] of its file
 * @returns {Promise<Tokenizer>}
 */
export async function openTokenizer(files, name = TOKENIZER) {
  const bytes = await readFrom(files, name);
  if (bytes === null) throw new BundleError("missingFile", `${files.name} has no ${name}.`, "Is the place right?");
  return tokenizerOf(bytes, name);
}
