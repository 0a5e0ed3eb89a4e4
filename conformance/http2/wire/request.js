/** The request of a case: a right one, and what the case changes in it. */

/** @typedef {import("./fields.js").Field} Field */
/**
 * Changes, made in this order.
 * @typedef {object} RequestChange
 * @property {Readonly<Record<string, string>>} [set] fields with another value
 * @property {readonly string[]} [drop] fields that are left out
 * @property {readonly string[]} [twice] fields that come twice, one right behind the other
 * @property {readonly Field[]} [add] fields behind these
 * @property {readonly string[]} [last] fields that come after all others
 * @property {import("./http2-connection.js").HeadersForm} [form] how it is written
 */
/** @typedef {{ scheme: "http" | "https", authority: string, path: string }} Aim */

/** The fields of an opening handshake.
 * @param {Aim} aim
 * @param {RequestChange} [change]
 * @returns {Field[]}
 * @see RFC 8441 §5.1 */
export function requestFields({ scheme, authority, path }, change = {}) {
  const { set = {}, drop = [], twice = [], last = [], add = [] } = change;
  /** @type {Field[]} */
  const right = [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    [":scheme", scheme],
    [":path", path],
    [":authority", authority],
    ["sec-websocket-version", "13"],
    ["origin", `${scheme}://${authority}`],
  ];
  const changed = right
    .filter(([name]) => !drop.includes(name))
    .map(([name, value]) => /** @type {Field} */ ([name, set[name] ?? value]))
    .flatMap((field) => (twice.includes(field[0]) ? [field, field] : [field]));
  const moved = changed.filter(([name]) => last.includes(name));
  const added = add.map(([name, value]) => /** @type {Field} */ ([name, value.replace("{authority}", authority)]));
  return [...changed.filter(([name]) => !last.includes(name)), ...added, ...moved];
}

/** What a case sends, in a line.
 * @param {RequestChange} change */
export function describeChange({ set = {}, drop = [], twice = [], last = [], add = [], form = {} }) {
  const quoted = (/** @type {string} */ text) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  const parts = [
    ...Object.entries(set).map(([name, value]) => `${name} is ${quoted(value)}`),
    ...drop.map((name) => `no ${name}`),
    ...twice.map((name) => `${name} twice`),
    ...last.map((name) => `${name} after all other fields`),
    ...add.map(([name, value]) => `also ${quoted(name)}: ${quoted(value)}`),
    ...Object.entries(form).map(([name, value]) => (value === true ? name : `${name} ${value}`)),
  ];
  return parts.length === 0 ? "an extended CONNECT" : `an extended CONNECT; ${parts.join("; ")}`;
}
