#!/usr/bin/env node
// Puts the page, the kit, the runtimes its bundles need and the bundles into one static folder, and says what each weighs:
//   npm run build -- --bundle PATH [--bundle NAME=PATH ...] --out dist
import { cp, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PAGE = ["index.html", "style.css", "icon.svg", "app"];
const ORT = "onnxruntime-web/dist";
const LITERT_BUILDS = {
  relaxed: "litert_wasm_internal",
  compat: "litert_wasm_compat_internal",
  threads: "litert_wasm_threaded_internal",
};
/** What runs a model file, by its ending. */
const RUNTIMES = { ".tflite": "litert", ".onnx": "onnxruntime" };
const LICENCES = {
  litert: ["@litertjs/core", "@litertjs/wasm-utils"],
  onnxruntime: ["onnxruntime-web"],
};
const USAGE =
  "usage: npm run build -- --bundle [NAME=]PATH [--bundle ...] [--out dist] [--litert relaxed,compat,threads] " +
  "[--modules node_modules] [--sizes FILE.json]";

class BuildError extends Error {}

function options() {
  const { values } = parseArgs({
    options: {
      bundle: { type: "string", multiple: true },
      out: { type: "string", default: path.join(HERE, "dist") },
      litert: { type: "string", default: "relaxed,compat,threads" },
      modules: { type: "string", default: path.join(HERE, "node_modules") },
      sizes: { type: "string" },
    },
  });
  if (!values.bundle?.length) throw new BuildError(`Which bundle? ${USAGE}`);
  const builds = values.litert.split(",");
  const unknown = builds.find((build) => !(build in LITERT_BUILDS));
  if (unknown !== undefined) {
    throw new BuildError(`LiteRT.js has no build ${unknown}; there are ${Object.keys(LITERT_BUILDS).join(", ")}.`);
  }
  return { ...values, builds };
}

/** A bundle given as `PATH` or `NAME=PATH`, with what the page must know before it opens it. */
async function readBundle(argument) {
  const [, given, folder] = argument.match(/^(?:([\w.-]+)=)?(.*)$/s);
  const text = await readFile(path.join(folder, "edgelm.json"), "utf8").catch(() => {
    throw new BuildError(`${folder} is no bundle: it has no edgelm.json. Make one: edgelm export MODEL --target tflite`);
  });
  const manifest = parsed(text, folder);
  const model = manifest.artifact.files.find((name) => path.extname(name) in RUNTIMES);
  if (!model) {
    throw new BuildError(`${folder} is a bundle of ${manifest.target}; this page runs tflite and onnx bundles.`);
  }
  const name = given ?? slug(`${manifest.model}-${manifest.target}-${manifest.precision}`);
  const files = Object.keys(manifest.files);
  const runtime = RUNTIMES[path.extname(model)];
  const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  const { task, precision, target } = manifest;
  return { folder, files, entry: { name, model: manifest.model, task, precision, target, runtime, bytes } };
}

/** The manifest, with the parts that are read here. */
function parsed(text, folder) {
  try {
    const manifest = JSON.parse(text);
    if (Array.isArray(manifest.artifact.files) && typeof manifest.files === "object") return manifest;
  } catch {
    // Said below, as for a manifest that lacks those parts.
  }
  throw new BuildError(`${path.join(folder, "edgelm.json")} is damaged. Export it again.`);
}

const slug = (text) => text.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "");

async function copyBundle(bundle, out) {
  const to = path.join(out, "bundles", bundle.entry.name);
  for (const name of ["edgelm.json", ...bundle.files]) {
    if (path.isAbsolute(name) || name.split("/").includes("..")) {
      throw new BuildError(`${bundle.folder} lists ${name}, which is outside the bundle. Export it again.`);
    }
    await cp(path.join(bundle.folder, name), path.join(to, name)).catch(() => {
      throw new BuildError(`${bundle.folder} lacks ${name}, which its manifest lists. Export it again.`);
    });
  }
}

/** LiteRT.js: its module, with the one bare import a worker cannot resolve made relative, and its wasm builds. */
async function copyLitert({ modules, builds }, out) {
  const to = path.join(out, "vendor/litert");
  await mkdir(to, { recursive: true });
  const core = await readFile(path.join(modules, "@litertjs/core/dist/index.js"), "utf8");
  const parts = core.split('from "@litertjs/wasm-utils"');
  if (parts.length !== 2) throw new BuildError("@litertjs/core imports its helper in another way than 2.5.3 does.");
  await writeFile(path.join(to, "index.js"), unmapped(parts.join('from "./wasm-utils.js"')));
  const utils = await readFile(path.join(modules, "@litertjs/wasm-utils/dist/index.js"), "utf8");
  await writeFile(path.join(to, "wasm-utils.js"), unmapped(utils));
  for (const name of builds.map((build) => LITERT_BUILDS[build])) {
    for (const ending of [".js", ".wasm"]) {
      await cp(path.join(modules, "@litertjs/core/wasm", name + ending), path.join(to, name + ending));
    }
  }
}

async function copyOnnxruntime({ modules }, out) {
  const to = path.join(out, "vendor/onnxruntime");
  await mkdir(to, { recursive: true });
  const module = await readFile(path.join(modules, ORT, "ort.wasm.min.mjs"), "utf8");
  await writeFile(path.join(to, "ort.wasm.min.mjs"), unmapped(module));
  for (const name of ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
    await cp(path.join(modules, ORT, name), path.join(to, name));
  }
}

/** A script without the note where its source map is, which no dist has. */
const unmapped = (script) => script.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");

async function writeNotice(used, modules, out) {
  const lines = ["The runtimes in this folder, as they come from npm:", ""];
  for (const name of used.flatMap((runtime) => LICENCES[runtime])) {
    const { version, license } = JSON.parse(await readFile(path.join(modules, name, "package.json"), "utf8"));
    lines.push(`${name} ${version}, ${license}`);
  }
  await writeFile(path.join(out, "vendor/NOTICE.txt"), `${lines.join("\n")}\n`);
}

async function copyPage(out) {
  for (const name of PAGE) await cp(path.join(HERE, name), path.join(out, name), { recursive: true });
  await cp(path.join(HERE, "edgelm/src"), path.join(out, "edgelm/src"), {
    recursive: true,
    filter: (file) => !file.endsWith(".d.ts") && path.basename(file) !== "node.js",
  });
}

/** Refuses to empty a folder that is not one of its own. */
async function clear(out) {
  const names = await readdir(out).catch(() => []);
  if (names.length && !names.includes("index.html")) {
    throw new BuildError(`${out} holds something else; choose another --out.`);
  }
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
}

async function filesUnder(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

/** Files, bytes and gzipped bytes of a part of the dist. */
async function weigh(name, places) {
  const files = [];
  for (const place of places) files.push(...((await stat(place)).isFile() ? [place] : await filesUnder(place)));
  let bytes = 0;
  let gzipped = 0;
  for (const file of files) {
    const content = await readFile(file);
    bytes += content.length;
    gzipped += gzipSync(content, { level: 6 }).length;
  }
  return { name, files: files.length, bytes, gzipped };
}

async function sizes(bundles, runtimes, builds, out) {
  const rows = [await weigh("page", PAGE.map((name) => path.join(out, name)))];
  rows.push(await weigh("kit (tokenizer, decoding)", [path.join(out, "edgelm")]));
  if (runtimes.includes("onnxruntime")) rows.push(await weigh("onnxruntime-web", [path.join(out, "vendor/onnxruntime")]));
  if (runtimes.includes("litert")) {
    const modules = ["index.js", "wasm-utils.js"].map((name) => path.join(out, "vendor/litert", name));
    rows.push(await weigh("LiteRT.js", modules));
    for (const build of builds) {
      const both = [".js", ".wasm"].map((ending) => path.join(out, "vendor/litert", LITERT_BUILDS[build] + ending));
      rows.push(await weigh(`LiteRT.js wasm, ${build}`, both));
    }
  }
  for (const { entry } of bundles) rows.push(await weigh(`bundle ${entry.name}`, [path.join(out, "bundles", entry.name)]));
  const total = { name: "all", files: 0, bytes: 0, gzipped: 0 };
  for (const row of rows) for (const key of ["files", "bytes", "gzipped"]) total[key] += row[key];
  return [...rows, total];
}

function printTable(rows) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e5 ? 3 : 2);
  const width = Math.max(...rows.map((row) => row.name.length));
  console.log(`${"part".padEnd(width)}  files        MB  gzip MB`);
  for (const row of rows) {
    const figures = [String(row.files).padStart(5), megabytes(row.bytes).padStart(9), megabytes(row.gzipped).padStart(8)];
    console.log(`${row.name.padEnd(width)}  ${figures.join(" ")}`);
  }
}

async function main() {
  const request = options();
  await stat(path.join(request.modules, "onnxruntime-web")).catch(() => {
    throw new BuildError(`${request.modules} has no onnxruntime-web. Install the runtimes first: npm ci --ignore-scripts`);
  });
  const bundles = [];
  for (const argument of request.bundle) bundles.push(await readBundle(argument));
  const names = bundles.map((bundle) => bundle.entry.name);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice) throw new BuildError(`Two bundles would be called ${twice}; name one of them: --bundle other=PATH`);
  const out = path.resolve(request.out);
  await clear(out);
  await copyPage(out);
  for (const bundle of bundles) await copyBundle(bundle, out);
  const runtimes = [...new Set(bundles.map((bundle) => bundle.entry.runtime))].sort();
  if (runtimes.includes("litert")) await copyLitert(request, out);
  if (runtimes.includes("onnxruntime")) await copyOnnxruntime(request, out);
  await writeNotice(runtimes, request.modules, out);
  const index = { schema_version: 1, litert: request.builds, bundles: bundles.map((bundle) => bundle.entry) };
  await writeFile(path.join(out, "bundles/index.json"), `${JSON.stringify(index, null, 2)}\n`);
  const rows = await sizes(bundles, runtimes, request.builds, out);
  printTable(rows);
  if (request.sizes) await writeFile(request.sizes, `${JSON.stringify(rows)}\n`);
}

try {
  await main();
} catch (error) {
  const isUsage = error.code?.startsWith("ERR_PARSE_ARGS");
  if (!isUsage && !(error instanceof BuildError)) throw error;
  console.error(isUsage ? `${error.message}\n${USAGE}` : error.message);
  process.exitCode = 2;
}
