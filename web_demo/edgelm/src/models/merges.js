// @ts-check
/** Byte-pair encoding's merges (Sennrich et al. 2016): which two symbols become one, and in which order. */

/** The symbols of a word: a token's id, and how much of the word it stands for. */
export class Symbols {
  /** @param {number} capacity */
  constructor(capacity) {
    this.ids = new Int32Array(capacity);
    this.units = new Int32Array(capacity);
    this.bytes = new Int32Array(capacity);
    this.length = 0;
  }

  /**
   * @param {number} id
   * @param {number} units of UTF-16
   * @param {number} bytes of UTF-8
   */
  add(id, units, bytes) {
    this.ids[this.length] = id;
    this.units[this.length] = units;
    this.bytes[this.length++] = bytes;
  }
}

/** Numbers of which the smallest comes first. */
class Heap {
  /** @param {number} capacity */
  constructor(capacity) {
    this.items = new Float64Array(Math.max(capacity, 4));
    this.length = 0;
  }

  /** @param {number} item */
  push(item) {
    if (this.length === this.items.length) {
      const wider = new Float64Array(this.length * 2);
      wider.set(this.items);
      this.items = wider;
    }
    const { items } = this;
    let place = this.length++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (items[parent] <= item) break;
      items[place] = items[parent];
      place = parent;
    }
    items[place] = item;
  }

  /** @returns {number} the smallest, which is gone then; there must be one */
  pop() {
    const { items } = this;
    const top = items[0];
    const item = items[--this.length];
    let place = 0;
    for (let child = 1; child < this.length; child = 2 * place + 1) {
      if (child + 1 < this.length && items[child + 1] < items[child]) child++;
      if (items[child] >= item) break;
      items[place] = items[child];
      place = child;
    }
    items[place] = item;
    return top;
  }
}

/** A rank and a place in one number: the lower rank first, then what stands further left. */
const PLACES = 2 ** 26;
const FEWEST_SLOTS = 1024;

/** The merges of a vocabulary, in a table of their own: a Map of pairs is several times as slow. */
export class Merges {
  /** @param {number} count of merges, at most */
  constructor(count) {
    let slots = FEWEST_SLOTS;
    while (slots < 2 * count) slots *= 2;
    this.mask = slots - 1;
    this.lefts = new Int32Array(slots);
    this.rights = new Int32Array(slots);
    this.ranks = new Int32Array(slots).fill(-1);
    /** @type {number[]} the id that a merge gives, by rank */
    this.results = [];
  }

  /**
   * Where a pair stands in the table, or would.
   *
   * @param {number} left id
   * @param {number} right id
   * @returns {number}
   */
  slot(left, right) {
    const { lefts, rights, ranks, mask } = this;
    let slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (ranks[slot] >= 0 && (lefts[slot] !== left || rights[slot] !== right)) slot = (slot + 1) & mask;
    return slot;
  }

  /**
   * The next merge in their order; a pair that has one already gets this one instead.
   *
   * @param {number} left id
   * @param {number} right id
   * @param {number} result id
   */
  add(left, right, result) {
    const slot = this.slot(left, right);
    this.lefts[slot] = left;
    this.rights[slot] = right;
    this.ranks[slot] = this.results.length;
    this.results.push(result);
  }

  /**
   * Merge the symbols of a word until no merge is left.
   *
   * @param {Symbols} symbols
   * @returns {Symbols}
   */
  apply(symbols) {
    const { ids, units, bytes, length } = symbols;
    const next = new Int32Array(length);
    const previous = new Int32Array(length);
    const heap = new Heap(length);
    const offer = (/** @type {number} */ left, /** @type {number} */ right) => {
      const rank = this.ranks[this.slot(ids[left], ids[right])];
      if (rank >= 0) heap.push(rank * PLACES + left);
    };
    for (let i = 0; i < length; i++) {
      previous[i] = i - 1;
      next[i] = i + 1 < length ? i + 1 : -1;
      if (i > 0) offer(i - 1, i);
    }
    while (heap.length > 0) {
      const item = heap.pop();
      const left = item % PLACES;
      const right = next[left];
      if (bytes[left] === 0 || right < 0) continue;
      const result = this.results[(item - left) / PLACES];
      const rank = this.ranks[this.slot(ids[left], ids[right])];
      // What stood here when the merge was offered may be part of another by now.
      if (rank < 0 || this.results[rank] !== result) continue;
      ids[left] = result;
      units[left] += units[right];
      bytes[left] += bytes[right];
      bytes[right] = 0;
      next[left] = next[right];
      if (next[left] >= 0) previous[next[left]] = left;
      if (previous[left] >= 0) offer(previous[left], left);
      if (next[left] >= 0) offer(left, next[left]);
    }
    const merged = new Symbols(length);
    for (let i = 0; i < length; i++) if (bytes[i] > 0) merged.add(ids[i], units[i], bytes[i]);
    return merged;
  }
}

/** The largest id that a table of merges holds. */
export const LARGEST_ID = 2 ** 31 - 1;
