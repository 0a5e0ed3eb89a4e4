/**
 * Programs of other projects that the end-to-end tests talk to, and that npm cannot install.
 * In: a peer's name. Out: the command to run, and the `skip` option for its tests: false, or the sentence that says
 * what is not installed. Where CI is set a missing peer is an error, so that no test is left out unnoticed.
 */
import { spawnSync } from "node:child_process";

/** @typedef {{ command: string, probe: string[], exitCode?: number }} PeerProgram */

const peers = {
  // Debian's modules belong to Debian's python3, which need not be the first on the PATH.
  "python3-websockets": { command: "/usr/bin/python3", probe: ["-c", "import websockets"] },
  nginx: { command: "/usr/sbin/nginx", probe: ["-v"] },
  tinyproxy: { command: "/usr/bin/tinyproxy", probe: ["-v"] },
  // It knows no question that is answered with success; this one is answered with its usage.
  microsocks: { command: "/usr/bin/microsocks", probe: ["-h"], exitCode: 1 },
  haproxy: { command: "/usr/sbin/haproxy", probe: ["-v"] },
  "nghttp2-proxy": { command: "/usr/sbin/nghttpx", probe: ["--version"] },
  "firefox-esr": { command: "/usr/bin/firefox-esr", probe: ["--version"] },
  chromium: { command: "/usr/bin/chromium", probe: ["--version"] },
};

/** @param {keyof typeof peers} name of the Debian package
 * @returns {{ command: string, skip: string | false }} */
export function requirePeer(name) {
  /** @type {PeerProgram} */
  const { command, probe, exitCode = 0 } = peers[name];
  if (spawnSync(command, probe, { stdio: "ignore" }).status === exitCode) return { command, skip: false };
  const reason = `${name} is not installed (on Debian: apt-get install ${name})`;
  if (process.env["CI"]) throw new Error(reason);
  return { command, skip: reason };
}
