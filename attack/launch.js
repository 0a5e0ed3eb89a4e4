/** Servers of this folder as child processes, with a small heap, fresh for each attack. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** @typedef {{ name: "polysocket" | "http" | "ws", version: "1.1" | "2.0" }} Stand */

export const STANDS = /** @type {const} */ (["polysocket", "http", "ws"]);
/** A process in which this is the limit of the heap has 512 MiB and little to spare. */
const HEAP_LIMIT = "--max-old-space-size=384";
const START_MS = 20_000;
const ERROR_CHARACTERS = 2000;

/** @param {Stand} stand
 * @param {{ compression: boolean }} variant
 * @returns {Promise<{ url: string, pid: number | undefined, stop: () => Promise<string> }>} `stop` says what the server's last
 * words on stderr were, if it had died before */
export async function launch({ name, version }, { compression }) {
  const script = fileURLToPath(new URL(`./servers/${name}.js`, import.meta.url));
  const args = [...(version === "2.0" ? ["--http2"] : []), ...(compression ? ["--compression"] : [])];
  const child = fork(script, args, { execArgv: [HEAP_LIMIT], stdio: ["ignore", "inherit", "pipe", "ipc"] });
  let words = "";
  child.stderr?.on("data", (chunk) => {
    words = `${words}${chunk}`.slice(-ERROR_CHARACTERS);
  });
  const exited = once(child, "exit");
  const died = exited.then(() => {
    throw new Error(`the server ${name} ended: ${words.trim()}`);
  });
  died.catch(() => {}); // heard below, or in `stop`
  const [{ url }] = await Promise.race([once(child, "message", { signal: AbortSignal.timeout(START_MS) }), died]);
  return {
    url,
    pid: child.pid,
    async stop() {
      const hadDied = child.exitCode !== null || child.signalCode !== null;
      child.kill("SIGKILL");
      await exited;
      return hadDied ? words.trim() : "";
    },
  };
}
