import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pinned } from "./machine.js";

const FOLDER = fileURLToPath(new URL("../servers/", import.meta.url));

/** Start a peer's server in a process of its own.
 * @returns its pid and port; `memory()`: process.memoryUsage() after collections; `died`: rejects when it ends before `stop()` */
export async function startServer(peer, cpu, flags = []) {
  const [program, ...words] = pinned(cpu, [peer.runtime ?? process.execPath, ...flags, FOLDER + peer.script]);
  const child = spawn(program, words, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  let stopping = false;
  const exited = once(child, "exit");
  const died = exited.then(([code, signal]) => {
    if (!stopping) throw new Error(`the ${peer.name} server died (${signal ?? `code ${code}`})`);
  });
  died.catch(() => {}); // heard by whoever races with it
  const next = async () => (await Promise.race([once(child, "message"), died]))[0];

  const { port } = await next();
  return {
    pid: child.pid,
    port,
    died,
    async memory() {
      child.send("memory");
      return (await next()).memory;
    },
    async stop() {
      stopping = true;
      if (child.connected) child.disconnect(); // servers exit at that, so that profiles are written
      await exited;
    },
  };
}
