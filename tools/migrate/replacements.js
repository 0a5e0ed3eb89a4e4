/** Which package each face replaces. A new face needs a line here and a table in `surfaces/`. */
import { createRequire } from "node:module";
import path from "node:path";
import { Failure } from "./failure.js";
import { readJson } from "./read-json.js";
import { surface as jadsonlucenaWebsocket } from "./surfaces/jadsonlucena-websocket.js";
import { surface as jellysocket } from "./surfaces/jellysocket.js";
import { surface as jshWs } from "./surfaces/jsh-ws.js";
import { surface as nodejsWebsocket } from "./surfaces/nodejs-websocket.js";
import { surface as websocketNode } from "./surfaces/websocket-node.js";

/**
 * @typedef {object} Replacement
 * @property {string} original the package that is replaced, or what is called so in reports
 * @property {string} [builtIn] the original is no package but built into another runtime, and required by this name. There a package
 *   of that name is another library, and nobody depends on the original
 * @property {string} face the package that replaces it
 * @property {string} version the face's
 * @property {string} alias what package.json says instead of a range
 * @property {string} [types] the community's package of types, which the face makes superfluous
 * @property {import("./surfaces/surface.js").Surface} surface
 * @property {(below: string) => boolean} offers whether the face can be required with that path below its name
 */

const TABLE = [
  { original: "websocket", folder: "websocket-node", types: "@types/websocket", surface: websocketNode },
  { original: "nodejs-websocket", folder: "nodejs-websocket", surface: nodejsWebsocket },
  { original: "@jadsonlucena/websocket", folder: "jadsonlucena-websocket", surface: jadsonlucenaWebsocket },
  { original: "jellysocket", folder: "jellysocket", surface: jellysocket },
  // A name that no package can have: npm's `ws` is not what it replaces.
  { original: "JSH's ws", builtIn: "ws", folder: "jsh-ws", surface: jshWs },
];

/** @param {string} facesFolder
 * @returns {Replacement[]} with the versions that the faces have now */
export function readReplacements(facesFolder) {
  return TABLE.map(({ folder, ...rest }) => {
    const file = path.join(facesFolder, folder, "package.json");
    const manifest = readJson(file, 1 << 20)?.value;
    const { name, version } = manifest ?? {};
    if (typeof name !== "string" || typeof version !== "string") {
      throw new Failure(`${file}: expected a name and a version of the face`);
    }
    const offers = pathsOf(path.resolve(file), name, manifest?.["exports"] !== undefined);
    return { ...rest, face: name, version, alias: `npm:${name}@^${version}`, offers };
  });
}

/** @param {string} manifestFile
 * @param {string} name
 * @param {boolean} hasExports without them, every file of a package can be required
 * @returns {Replacement["offers"]} */
function pathsOf(manifestFile, name, hasExports) {
  const require = createRequire(manifestFile);
  return (below) => {
    if (/(?:^|\/)\.\.?(?:\/|$)/.test(below)) return false;
    try {
      require.resolve(hasExports ? `${name}/${below}` : `./${below}`);
      return true;
    } catch {
      return false;
    }
  };
}
