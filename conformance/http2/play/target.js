/** Which peer is tested. In: what was given on the command line. Out: where it is, and how it is reached. */

/**
 * @typedef {object} Target
 * @property {boolean} tls with ALPN h2; without, HTTP/2 by prior knowledge
 * @property {string} host
 * @property {number} port
 * @property {import("../wire/request.js").Aim} aim
 */

/** @param {string} text `wss://host:port/path`, or `ws://…`, `h2c:…` or nothing before the host for plain TCP
 * @returns {Target}
 * @throws Error where it is none of these */
export function parseTarget(text) {
  const [, scheme = "h2c", rest = ""] = /^(?:(wss|ws|h2c):(?:\/\/)?)?([^/].*)$/.exec(text) ?? [];
  if (rest.includes("://") || !URL.canParse(`http://${rest}`))
    throw new Error(`${text}: give wss://host:port/path, or ws:// for plain TCP`);
  const url = new URL(`${scheme === "wss" ? "https" : "http"}://${rest}`);
  const tls = scheme === "wss";
  return {
    tls,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (tls ? 443 : 80)),
    aim: { scheme: tls ? "https" : "http", authority: url.host, path: url.pathname + url.search },
  };
}

/** @param {Target} target */
export function formatTarget({ tls, aim }) {
  return `${tls ? "wss" : "ws"}://${aim.authority}${aim.path}`;
}
