/** Where the files of a bundle come from. */
export type Files = {
    /**
     * what messages call the place
     */
    name: string;
    /**
     * the bytes of a file; null where there is none
     */
    read: (name: string) => Promise<Uint8Array | null>;
};
/**
 * @typedef {object} Files
 * @property {string} name what messages call the place
 * @property {(name: string) => Promise<Uint8Array | null>} read the bytes of a file; null where there is none
 */
/**
 * A bundle below an address, read with `fetch`.
 *
 * @param {string | URL} baseUrl
 * @param {typeof fetch} [fetcher]
 * @returns {Files}
 */
export declare function httpFiles(baseUrl: string | URL, fetcher?: typeof fetch): Files;
/**
 * A bundle in memory.
 *
 * @param {Map<string, Uint8Array> | Record<string, Uint8Array>} content bytes by name
 * @returns {Files}
 */
export declare function memoryFiles(content: Map<string, Uint8Array> | Record<string, Uint8Array>): Files;
