// @ts-check
/** What goes into a model and what comes out of it. */

import { damaged } from "./errors.js";

/**
 * @typedef {object} Tensor
 * @property {string} dtype `int32`, `int64` or `float32`
 * @property {number[]} shape
 * @property {Int32Array | BigInt64Array | Float32Array} data row by row
 */

/** @typedef {Record<string, Tensor>} Tensors by name */

/**
 * What runs a model: a text at a time, `[1, tokens]` each of its inputs, outputs with the batch axis of 1.
 *
 * @typedef {object} Runner
 * @property {(inputs: Tensors) => Tensors | Promise<Tensors>} run
 */

/** @type {(numbers: ArrayLike<number>) => BigInt64Array} */
const bigIntegers = (numbers) => BigInt64Array.from({ length: numbers.length }, (_, i) => BigInt(numbers[i]));

/**
 * Whole numbers in the type that a model takes.
 *
 * @param {ArrayLike<number>} numbers
 * @param {string} dtype
 * @returns {Tensor} of the shape [1, numbers]
 */
export function row(numbers, dtype) {
  const data = dtype === "int64" ? bigIntegers(numbers) : Int32Array.from(numbers);
  if (dtype !== "int64" && dtype !== "int32") throw damaged(`The model takes ${dtype}, which no ids are.`);
  return { dtype, shape: [1, numbers.length], data };
}

/**
 * @param {number[]} shape
 * @returns {number}
 */
export const elements = (shape) => shape.reduce((product, size) => product * size, 1);

/** An output of the model for one text, without the batch axis. */
export class Output {
  /**
   * @param {number[]} shape
   * @param {Float32Array} data
   */
  constructor(shape, data) {
    this.shape = shape;
    this.data = data;
  }

  /**
   * The first row of a tensor; of one with a value for each token no more than `length` of them.
   *
   * @param {Tensor} tensor
   * @param {string} name
   * @param {number | null} length
   * @returns {Output}
   */
  static of(tensor, name, length) {
    const { shape, data } = tensor;
    const isWhole = data instanceof Float32Array && Array.isArray(shape) && shape[0] === 1;
    if (!isWhole || elements(shape) !== data.length) throw damaged(`The model gave no whole ${name}.`);
    const own = shape.slice(1);
    if (length === null || own.length === 0) return new Output(own, data);
    if (own[0] < length) throw damaged(`The model gave ${own[0]} of ${length} tokens of ${name}.`);
    const rest = own.slice(1);
    return new Output([length, ...rest], data.subarray(0, length * elements(rest)));
  }

  /**
   * Its values as float64, if it has one axis of `size` values, or of any number.
   *
   * @param {string} name
   * @param {number} [size]
   * @returns {Float64Array}
   */
  vector(name, size = this.shape[0]) {
    if (this.shape.length !== 1 || this.shape[0] !== size)
      throw damaged(`The model's ${name} has another shape than its labels.`);
    return Float64Array.from(this.data);
  }

  /**
   * Its rows as float64, if it has two axes, the second of `size` values or of any number.
   *
   * @param {string} name
   * @param {number} [size]
   * @returns {Float64Array[]}
   */
  rows(name, size = this.shape[1]) {
    return Array.from({ length: this.shape[0] ?? 0 }, (_, i) => this.rowAt(name, i, size));
  }

  /**
   * One of its rows as float64.
   *
   * @param {string} name
   * @param {number} place
   * @param {number} [size]
   * @returns {Float64Array}
   */
  rowAt(name, place, size = this.shape[1]) {
    if (this.shape.length !== 2 || this.shape[1] !== size || place >= this.shape[0]) {
      throw damaged(`The model's ${name} has another shape than its tokens and labels.`);
    }
    return Float64Array.from(this.data.subarray(place * size, (place + 1) * size));
  }
}

/**
 * A runner for any length over one that takes fixed ones: it pads with mask 0, and cuts the outputs again.
 */
export class PaddedRunner {
  /**
   * @param {Runner} runner
   * @param {{lengths: number[], outputs: import("./bundle.js").TensorSpec[]}} model lengths ascending; none: any
   */
  constructor(runner, { lengths, outputs }) {
    this.runner = runner;
    this.lengths = lengths;
    this.byToken = new Set(outputs.filter(({ shape }) => shape[1] === "length").map(({ name }) => name));
  }

  /**
   * @param {Tensors} inputs
   * @returns {Promise<Tensors>}
   */
  async run(inputs) {
    if (this.lengths.length === 0) return this.runner.run(inputs);
    const length = Object.values(inputs)[0].shape[1];
    const fixed = this.lengths.find((size) => size >= length);
    if (fixed === undefined) throw damaged(`The model takes ${this.lengths.at(-1)} tokens, fewer than its max_length.`);
    const outputs = await this.runner.run(mapped(inputs, (tensor) => paddedTensor(tensor, fixed)));
    return mapped(outputs, (tensor, name) => (this.byToken.has(name) ? cutTensor(tensor, length) : tensor));
  }
}

/**
 * @param {Tensors} tensors
 * @param {(tensor: Tensor, name: string) => Tensor} change
 * @returns {Tensors}
 */
function mapped(tensors, change) {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}

/**
 * @param {Tensor} tensor [1, tokens]
 * @param {number} length
 * @returns {Tensor}
 */
function paddedTensor({ dtype, data }, length) {
  const wider = data instanceof BigInt64Array ? new BigInt64Array(length) : new Int32Array(length);
  wider.set(/** @type {any} */ (data));
  return { dtype, shape: [1, length], data: wider };
}

/**
 * @param {Tensor} tensor [1, tokens, ...]
 * @param {number} length
 * @returns {Tensor}
 */
function cutTensor({ dtype, shape, data }, length) {
  const rest = shape.slice(2);
  return { dtype, shape: [1, length, ...rest], data: data.slice(0, length * elements(rest)) };
}
