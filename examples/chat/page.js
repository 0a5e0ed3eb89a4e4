/** The files of the page, all read when the server starts: what is not in the folder now is not to be had. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = join(import.meta.dirname, "public");
/** The one file that comes from a package: a class for the page, as it is. */
const JELLYSOCKET = fileURLToPath(import.meta.resolve("@polysocket/jellysocket/browser"));

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const HEADERS = {
  // Everything comes from this server, nothing from anywhere else, and nothing inline
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

const files = new Map(
  readdirSync(FOLDER).map((name) => [name === "index.html" ? "/" : `/${name}`, readPageFile(join(FOLDER, name))]),
);
files.set("/jellysocket.mjs", readPageFile(JELLYSOCKET));

/** A listener for Node's http server. */
export function servePage(request, response) {
  const [path] = request.url.split("?");
  const file = files.get(path);
  if (file === undefined) {
    response.writeHead(404, { ...HEADERS, "Content-Type": "text/plain" }).end("There is nothing here.\n");
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { ...HEADERS, Allow: "GET, HEAD" }).end();
  } else {
    response.writeHead(200, { ...HEADERS, "Content-Type": file.type, "Content-Length": file.body.length });
    response.end(request.method === "HEAD" ? undefined : file.body);
  }
}

function readPageFile(file) {
  return { type: TYPES[extname(file)], body: readFileSync(file) };
}
