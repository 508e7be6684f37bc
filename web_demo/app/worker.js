// Tokenizer and model run here, so that neither a huge text nor a slow model can freeze the page. A classic worker,
// because LiteRT.js loads its WebAssembly glue by importScripts, which module workers do not have.
"use strict";

const waiting = [];
self.onmessage = (event) => waiting.push(event);

import("./engine.js").then(
  ({ handle }) => {
    self.onmessage = handle;
    waiting.forEach(handle);
  },
  (error) => {
    self.onmessage = ({ data }) => self.postMessage({ id: data.id, error: { type: "Error", message: String(error) } });
    waiting.forEach(self.onmessage);
  },
);
