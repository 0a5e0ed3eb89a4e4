/**
 * Programs of other projects that the end-to-end tests talk to, and that npm cannot install.
 * In: a peer's name. Out: the command to run, and the `skip` option for its tests: false, or the sentence that says
 * what is not installed. Where CI is set a missing peer is an error, so that no test is left out unnoticed.
 */
import { spawnSync } from "node:child_process";

const peers = {
  // Debian's modules belong to Debian's python3, which need not be the first on the PATH.
  "python3-websockets": { command: "/usr/bin/python3", probe: ["-c", "import websockets"] },
  nginx: { command: "/usr/sbin/nginx", probe: ["-v"] },
  chromium: { command: "/usr/bin/chromium", probe: ["--version"] },
};

/** @param {keyof typeof peers} name of the Debian package
 * @returns {{ command: string, skip: string | false }} */
export function requirePeer(name) {
  const { command, probe } = peers[name];
  if (spawnSync(command, probe, { stdio: "ignore" }).status === 0) return { command, skip: false };
  const reason = `${name} is not installed (on Debian: apt-get install ${name})`;
  if (process.env["CI"]) throw new Error(reason);
  return { command, skip: reason };
}
