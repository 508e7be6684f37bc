// @ts-check
/** A vocabulary by its beginnings, in flat arrays: a node's children lie side by side, in the order of their units. */

export class Trie {
  /** @param {Map<string, number>} ids by token */
  constructor(ids) {
    const tokens = [...ids.keys()].filter((token) => token !== "").sort();
    /** @type {number[]} the unit that leads to a node */
    const units = [0];
    /** @type {number[]} the first of its children */
    const children = [];
    /** @type {number[]} the token that ends at it, or -1 */
    const values = [];
    /** @type {[number, number][]} the tokens that begin with it */
    const ranges = [[0, tokens.length]];
    for (let node = 0, depth = 0, levelEnd = 1; node < ranges.length; node++) {
      if (node === levelEnd) {
        depth++;
        levelEnd = ranges.length;
      }
      let [from, to] = ranges[node];
      const isToken = from < to && tokens[from].length === depth;
      values.push(isToken ? /** @type {number} */ (ids.get(tokens[from++])) : -1);
      children.push(ranges.length);
      while (from < to) {
        const unit = tokens[from].charCodeAt(depth);
        let end = from + 1;
        while (end < to && tokens[end].charCodeAt(depth) === unit) end++;
        units.push(unit);
        ranges.push([from, end]);
        from = end;
      }
    }
    children.push(ranges.length);
    this.units = Uint16Array.from(units);
    this.children = Int32Array.from(children);
    this.values = Int32Array.from(values);
  }

  /**
   * The child of a node by its unit; -1 where there is none. The root is 0.
   *
   * @param {number} node
   * @param {number} unit
   * @returns {number}
   */
  child(node, unit) {
    let low = this.children[node];
    let high = this.children[node + 1] - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.units[middle];
      if (found === unit) return middle;
      if (found < unit) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
