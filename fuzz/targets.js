/** What can be fuzzed. `maxLength`: of an input in bytes; longer ones find nothing more and take longer.
 * @type {Readonly<Record<string, { readonly maxLength: number, readonly text: string }>>} */
export const TARGETS = {
  engine: { maxLength: 600, text: "bytes for an endpoint in either role, whole, cut, and byte by byte" },
  handshake: {
    maxLength: 300,
    text: "opening handshakes and their answers, and the negotiation of permessage-deflate",
  },
  head: { maxLength: 400, text: "the head of a request, read from a socket" },
  linear: { maxLength: 32, text: "texts that repeat, for whatever reads a stranger's text" },
  differential: { maxLength: 600, text: "the same bytes for our engine and the receiver of ws" },
  inflate: { maxLength: 400, text: "compressed messages that may refer to each other" },
};

/** @param {string} name
 * @returns {Promise<(bytes: Uint8Array) => void>} */
export async function loadTarget(name) {
  const { fuzz } = await import(`./targets/${name}.js`);
  return fuzz;
}
