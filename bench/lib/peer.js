import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PROJECT, pinned } from "./machine.js";

const FOLDERS = {
  server: fileURLToPath(new URL("../servers/", import.meta.url)),
  client: fileURLToPath(new URL("../clients/", import.meta.url)),
};

const runtimeOf = ({ runtime }) => (runtime ? PROJECT + runtime : process.execPath);

/** Why a peer cannot be measured; undefined when it can. */
export function whatIsMissing({ needs, runtime }) {
  if (needs && !existsSync(PROJECT + needs)) return `${needs} is missing`;
  // A package of programs for every machine can be there without one for this machine
  if (runtime && spawnSync(PROJECT + runtime, ["--version"]).status !== 0) return `${runtime} does not run here`;
  return undefined;
}

/** Start a peer's server or client in a process of its own; a server is told in `words` what a scenario wants of it (ready.js), a
 * client where to connect.
 * @returns its pid; `ready`: resolves when it listens, or is connected, to what it has to say; `memory()`: process.memoryUsage()
 * after collections; `died`: rejects when it ends before `stop()` */
export function startPeer(peer, role, { cpu, flags = [], words = [] }) {
  const script = FOLDERS[role] + peer.script;
  const [program, ...rest] = pinned(cpu, [runtimeOf(peer), ...flags, script, ...words]);
  const child = spawn(program, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  let stopping = false;
  const exited = once(child, "exit");
  const died = exited.then(([code, signal]) => {
    if (!stopping) throw new Error(`the ${peer.name} ${role} died (${signal ?? `code ${code}`})`);
  });
  died.catch(() => {}); // heard by whoever races with it
  const next = async () => (await Promise.race([once(child, "message"), died]))[0];

  const ready = next();
  ready.catch(() => {}); // heard by whoever waits for it
  return {
    pid: child.pid,
    ready,
    died,
    async memory() {
      child.send("memory");
      return (await next()).memory;
    },
    async stop() {
      stopping = true;
      if (child.connected) child.disconnect(); // peers exit at that, so that profiles are written
      await exited;
    },
  };
}
