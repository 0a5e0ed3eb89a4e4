/** Where a server listens.
 * @param {{ address(): import("node:net").AddressInfo | string | null }} server */
export function urlOf(server) {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return `ws://127.0.0.1:${address.port}/`;
}
