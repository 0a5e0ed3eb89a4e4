/** A process as Linux shows it under /proc: who listens on a port, whether it lives, and what it holds. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** State 0A of /proc/net/tcp is LISTEN. */
const LISTEN = "0A";

/** The process that listens on a port; undefined where that cannot be seen.
 * @param {number} port
 * @returns {number | undefined} */
export function findListener(port) {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => listeningInodes(file, port)));
  if (inodes.size === 0) return undefined;
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const pid = pids.find((one) => openFiles(one).some((link) => links.has(link)));
  return pid === undefined ? undefined : Number(pid);
}

/** @param {string} file
 * @param {number} port */
function listeningInodes(file, port) {
  if (!existsSync(file)) return [];
  const rows = readFileSync(file, "utf8").split("\n").slice(1);
  const fields = rows.map((row) => row.trim().split(/\s+/));
  const wanted = fields.filter(
    ([, local = "", , state]) => state === LISTEN && Number.parseInt(local.split(":")[1] ?? "", 16) === port,
  );
  return wanted.map((row) => row[9] ?? "");
}

/** What the descriptors of a process stand for; nothing where we may not look.
 * @param {string} pid */
function openFiles(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

/** @param {string} file */
function linkOf(file) {
  try {
    return readlinkSync(file);
  } catch {
    return ""; // closed since the folder was read
  }
}

/** The bytes that a process holds in memory (VmRSS, which statm gives in pages of unknown size); undefined when it is dead.
 * @param {number | undefined} pid
 * @returns {number | undefined} */
export function residentBytes(pid) {
  if (pid === undefined) return undefined;
  const status = readOr(`/proc/${pid}/status`, "");
  const kibibytes = /^VmRSS:\s*(\d+) kB/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Whether a process is there and no zombie.
 * @param {number} pid */
export function isAlive(pid) {
  const state = /^State:\s*(\w)/m.exec(readOr(`/proc/${pid}/status`, ""))?.[1];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** @param {string} file
 * @param {string} otherwise */
function readOr(file, otherwise) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}
