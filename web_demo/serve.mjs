#!/usr/bin/env node
// Serves a built page on this machine: `node serve.mjs dist --port 8080 [--host ADDRESS]`. Any static server will do;
// this one also sends the two headers that let a browser give the page threads.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const TYPES = {
  ".bin": "application/octet-stream",
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};
// A worker does not inherit the page's meta tag, so the policy is sent as a header too.
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS = {
  "Cache-Control": "no-cache",
  "Content-Security-Policy": POLICY,
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};
const ISOLATION = {
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/**
 * A server of one folder, not yet listening.
 * @param {string} folder
 * @param {{isolated?: boolean}} options `isolated: false` leaves COOP and COEP out: the page then has one thread.
 */
export function folderServer(folder, { isolated = true } = {}) {
  const root = path.resolve(folder);
  const headers = isolated ? { ...HEADERS, ...ISOLATION } : HEADERS;
  return createServer(async (request, response) => {
    const file = fileOf(root, request.url ?? "/");
    const found = file && (await stat(file).catch(() => null));
    if (!found?.isFile()) {
      response.writeHead(404, { ...headers, "Content-Type": "text/plain" }).end("Not found.\n");
      return;
    }
    const type = TYPES[path.extname(file)] ?? "application/octet-stream";
    const tag = `"${found.size}-${found.mtimeMs}"`;
    if (request.headers["if-none-match"] === tag) {
      response.writeHead(304, { ...headers, ETag: tag }).end();
      return;
    }
    response.writeHead(200, { ...headers, ETag: tag, "Content-Type": type, "Content-Length": found.size });
    if (request.method === "HEAD") response.end();
    else createReadStream(file).on("error", () => response.destroy()).pipe(response);
  });
}

/** The file a URL names inside `root`; null where it names none, or one outside. */
function fileOf(root, url) {
  let name;
  try {
    name = decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return null;
  }
  if (name.includes("\0")) return null;
  const file = path.join(root, name.endsWith("/") ? `${name}index.html` : name);
  return file.startsWith(root + path.sep) ? file : null;
}

function main() {
  const options = {
    port: { type: "string", default: "8080" },
    host: { type: "string", default: "127.0.0.1" },
    "no-isolation": { type: "boolean", default: false },
  };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const folder = positionals[0] ?? "dist";
  const server = folderServer(folder, { isolated: !values["no-isolation"] });
  server.on("error", (error) => {
    console.error(`Cannot listen on port ${values.port} of ${values.host}: ${error.code}. Try another: --port 8081`);
    process.exitCode = 2;
  });
  server.listen(Number(values.port), values.host, () => {
    const host = values.host === "127.0.0.1" ? "localhost" : values.host;
    console.log(`${folder} at http://${host}:${server.address().port}/`);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
