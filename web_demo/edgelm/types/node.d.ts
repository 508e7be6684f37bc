/** What needs Node: bundles in folders. */
/**
 * A bundle in a folder.
 *
 * @param {string} path
 * @returns {import("./files.js").Files}
 */
export declare function folderFiles(path: string): import("./files.js").Files;
