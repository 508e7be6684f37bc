// Tensors as the kits' drivers write them in JSON, for a core outside the browser.

/** The inputs of a model as its runner takes them. @param {Record<string, {dtype: string, shape: number[], data: number[]}>} tensors */
export function fromJson(tensors) {
  const inputs = Object.entries(tensors).map(([name, { dtype, shape, data }]) => [
    name,
    { dtype, shape, data: dtype === "int64" ? BigInt64Array.from(data, BigInt) : Int32Array.from(data) },
  ]);
  return Object.fromEntries(inputs);
}

/** The outputs of a model: float32 as little-endian bytes in base64. @param {Record<string, any>} tensors */
export function toJson(tensors) {
  const outputs = Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: toBase64(data) }]);
  return Object.fromEntries(outputs);
}

/** @param {Float32Array} values */
function toBase64(values) {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = "";
  // In parts: a call takes no more than some ten thousand arguments.
  for (let from = 0; from < bytes.length; from += 8192) text += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return btoa(text);
}
