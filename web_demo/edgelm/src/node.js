// @ts-check
/** What needs Node: bundles in folders. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a file system says of a file that is not there, or of a name that no file has. */
const ABSENT = ["ENOENT", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"];

/**
 * A bundle in a folder.
 *
 * @param {string} path
 * @returns {import("./files.js").Files}
 */
export function folderFiles(path) {
  return {
    name: path,
    async read(name) {
      try {
        return new Uint8Array(await readFile(path === "" ? name : join(path, name)));
      } catch (error) {
        if (ABSENT.includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? "")) return null;
        throw error;
      }
    },
  };
}
