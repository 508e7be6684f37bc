// The vendors' runtimes as they lie under vendor/, started inside the worker with as many threads as the browser gives.

const vendor = (path) => new URL(`../vendor/${path}`, import.meta.url).href;
/** More threads than this gain a small encoder nothing, and a phone has few fast cores. */
const MOST_THREADS = 4;

const LITERT_FILES = {
  relaxed: "litert_wasm_internal",
  compat: "litert_wasm_compat_internal",
  threads: "litert_wasm_threaded_internal",
};

/** A module of one function that uses `i32x4.relaxed_trunc_f32x4_s`: it validates where relaxed SIMD is there. */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
]);

/**
 * LiteRT.js, loaded.
 * @param {string[]} builds its wasm builds that were put into this page
 * @returns {Promise<{module: any, threads: number}>}
 */
export async function startLitert(builds) {
  const module = await import(vendor("litert/index.js"));
  const hasRelaxedSimd = WebAssembly.validate(RELAXED_SIMD);
  const wanted = [
    ...(hasRelaxedSimd && self.crossOriginIsolated ? ["threads"] : []),
    ...(hasRelaxedSimd ? ["relaxed"] : []),
    "compat",
  ];
  const build = wanted.find((name) => builds.includes(name));
  if (!build) throw new Error(`This browser needs LiteRT.js's build "${wanted.at(-1)}", which this page was built without.`);
  const file = LITERT_FILES[build];
  // In a worker the glue takes the worker's own address for its own; this says where it and its wasm really are.
  self.Module = {
    mainScriptUrlOrBlob: vendor(`litert/${file}.js`),
    locateFile: (name) => vendor(`litert/${name}`),
    printErr: (line) => line.startsWith("INFO:") || console.warn(line), // it says a line for every new length
  };
  await module.loadLiteRt(vendor(`litert/${file}.js`));
  return { module, threads: build === "threads" ? navigator.hardwareConcurrency : 1 };
}

/** onnxruntime-web with its WebAssembly backend. @returns {Promise<{module: any, threads: number}>} */
export async function startOnnxruntime() {
  const module = await import(vendor("onnxruntime/ort.wasm.min.mjs"));
  const threads = self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  Object.assign(module.env.wasm, { wasmPaths: vendor("onnxruntime/"), numThreads: threads, proxy: false });
  return { module, threads };
}
