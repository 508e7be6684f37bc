// @ts-check
/** Where the files of a bundle come from. */

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
export function httpFiles(baseUrl, fetcher = fetch) {
  const base = String(baseUrl).replace(/\/?$/, "/");
  return {
    name: base,
    async read(name) {
      const response = await fetcher(base + name.split("/").map(encodeURIComponent).join("/"));
      if (response.status === 404 || response.status === 410) return null;
      if (!response.ok) throw new TypeError(`${response.url} answered ${response.status} ${response.statusText}.`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

/**
 * A bundle in memory.
 *
 * @param {Map<string, Uint8Array> | Record<string, Uint8Array>} content bytes by name
 * @returns {Files}
 */
export function memoryFiles(content) {
  const bytes = content instanceof Map ? content : new Map(Object.entries(content));
  return { name: "memory", read: async (name) => bytes.get(name) ?? null };
}
