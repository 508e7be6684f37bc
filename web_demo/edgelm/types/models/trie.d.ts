/** A vocabulary by its beginnings, in flat arrays: a node's children lie side by side, in the order of their units. */
export declare class Trie {
    units: Uint16Array<ArrayBuffer>;
    children: Int32Array<ArrayBuffer>;
    values: Int32Array<ArrayBuffer>;
    /** @param {Map<string, number>} ids by token */
    constructor(ids: Map<string, number>);
    /**
     * The child of a node by its unit; -1 where there is none. The root is 0.
     *
     * @param {number} node
     * @param {number} unit
     * @returns {number}
     */
    child(node: number, unit: number): number;
}
