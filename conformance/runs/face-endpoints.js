/** The faces as echo endpoints; one file for each under faces/, loaded when it is played. */

/** @typedef {import("./plan.js").Carrier} Carrier */
/** @typedef {import("./plan.js").Face} Face */
/** @typedef {ReturnType<typeof import("./echo-endpoints.js").clientCompression>} Compression */
/**
 * @typedef {object} FaceEndpoint
 * @property {(compression: false | { thresholdBytes: number }, carrier: Carrier) => Promise<string>} startServer
 * @property {(url: string, version: 8 | 13, compression: false | Compression) => Promise<void>} dial
 */

/** Everything is worth compressing, so that small messages are played compressed too. */
const COMPRESSION = { thresholdBytes: 0 };

/** @param {Face} face
 * @param {boolean} compresses
 * @param {Carrier} carrier
 * @returns {Promise<string>} the URL of a server that runs until the thread ends */
export async function startFaceServer(face, compresses, carrier) {
  const { startServer } = await endpointOf(face);
  return startServer(compresses ? COMPRESSION : false, carrier);
}

/** One connection of a face's client.
 * @param {Face} face
 * @param {8 | 13} version
 * @param {Compression | undefined} compression */
export function faceClient(face, version, compression) {
  const client = {
    /** What its application has to complain of. */
    complaint: /** @type {string | undefined} */ ("connect has not settled"),
    /** @param {string} url */
    async dial(url) {
      try {
        await (await endpointOf(face)).dial(url, version, compression ?? false);
        client.complaint = undefined;
      } catch (error) {
        client.complaint = `connect failed: ${error instanceof Error ? error.message : error}`;
        throw error;
      }
    },
  };
  return client;
}

/** @param {Face} face
 * @returns {Promise<FaceEndpoint>} */
function endpointOf(face) {
  return import(`./faces/${face}.js`);
}
