// The few lines that a framework would be here for.

/**
 * A new element. Properties are set as such (`className`, `onclick`, ...), names with a dash as attributes; nothing is
 * parsed as HTML, so text from a model or a user stays text.
 * @param {string} tag
 * @param {Record<string, any>} properties
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

/** The element of an id that stands in index.html. */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** A table with a caption, headers of its columns, and the first cell of each row as that row's header. */
export function table(caption, headers, rows) {
  const head = el("tr", {}, ...headers.map((text) => el("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...rest]) =>
    el("tr", {}, el("th", { scope: "row" }, first), ...rest.map((cell) => el("td", {}, cell))),
  );
  const content = el("table", {}, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, ...body));
  // A region that scrolls must be reachable by the keyboard.
  return el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": caption }, content);
}
