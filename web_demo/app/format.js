// Figures as people read them.

/** Milliseconds with three significant digits: `0.42 ms`, `8.31 ms`, `1.27 s`. */
export function duration(ms) {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  if (ms >= 100) return `${Math.round(ms)} ms`;
  return `${ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}

/** Bytes as megabytes, or kilobytes where there are few. */
export const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** A probability as a percentage; any other score, a logit or a cosine, with four digits. */
export const score = (value, isProbability) =>
  isProbability ? `${(100 * value).toFixed(value > 0.9995 || value < 0.0005 ? 2 : 1)} %` : value.toFixed(4);

/** A small error, in the form of reports. */
export const error = (value) => (value === 0 ? "0" : value.toPrecision(3));

export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** The value below which a share of the values lies: the nearest rank. `values` is not empty. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}
