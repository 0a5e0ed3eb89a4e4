/** What a launched server is told, and how it says where it listens. */
import { parseArgs } from "node:util";

export function readVariant() {
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  return parseArgs({ options: { http2: flag, compression: flag } }).values;
}

/** Told to the launcher, or to whoever started the server by hand. The server ends with its launcher.
 * @param {string} url */
export function ready(url) {
  if (process.send === undefined) console.log(url);
  else process.send({ url });
  process.on("disconnect", () => process.exit());
}
