/**
 * What an original throws where no program can catch it, which would end the process of the tests as it ends the programs that
 * use it. Only these errors, and only out of the original's own files, are passed over; every other one goes its usual way.
 */
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";

/** @typedef {{ name: string, message: string }} Fault */

const root = path.resolve(import.meta.dirname, "..", "..");
const require = createRequire(path.join(root, "package.json"));

/** Holds for the rest of the process: an original throws also long after its connections' end, from timers of its own.
 * @param {{ original?: string, knownFaults?: readonly Fault[] }} face */
export function passOverKnownFaults({ original, knownFaults = [] }) {
  if (original === undefined || knownFaults.length === 0) return;
  const isKnown = faultsIn(path.dirname(require.resolve(original)), knownFaults);
  process.setUncaughtExceptionCaptureCallback((error) => {
    if (isKnown(error) || EventEmitter.prototype.emit.call(process, "uncaughtException", error)) return;
    console.error(error);
    process.exit(1);
  });
}

/** @param {string} folder where the original's files are
 * @param {readonly Fault[]} faults
 * @returns {(error: unknown) => boolean} */
export function faultsIn(folder, faults) {
  return (error) =>
    error instanceof Error &&
    faults.some(({ name, message }) => error.name === name && error.message === message) &&
    thrower(error).includes(folder + path.sep);
}

/** The place where an error was made.
 * @param {Error} error */
function thrower(error) {
  return (error.stack ?? "").split("\n").find((line) => /^ {4}at /.test(line)) ?? "";
}
