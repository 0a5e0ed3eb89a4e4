/**
 * Fuzzes one target in a process of its own, which ends with code 77 when something was found. Started by `run.js`.
 * In: options, and folders with inputs. Out: what libFuzzer prints, on stderr, and an input that shows what was found.
 */
import "./native/load-fuzzer.js";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { TARGETS } from "./targets.js";

/** Ticks that have to wait for the event loop pile up while the fuzzer holds it. */
const DRAIN_EVERY = 256;

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    target: { type: "string", default: "engine" },
    file: { type: "string" },
    seconds: { type: "string", default: "60" },
    runs: { type: "string", default: "-1" },
    seed: { type: "string", default: "1" },
    findings: { type: "string", default: "./" },
  },
});
const { startFuzzing, OptionsManager, OptionSource } = loadFuzzer();
const options = new OptionsManager(OptionSource.DefaultCLIOptions).merge(
  {
    fuzzTarget: values.file ?? path.join(import.meta.dirname, "targets", `${values.target}.js`),
    sync: true,
    // The files whose branches are counted
    includes: [process.env["FUZZ_BUILD"] ?? "core/dist/cjs/", "ws/lib/receiver.js"],
    excludes: ["no file at all"],
    disableBugDetectors: [".*"],
    fuzzerOptions: [
      ...folders,
      `-max_total_time=${values.seconds}`,
      `-runs=${values.runs}`,
      `-seed=${values.seed}`,
      `-max_len=${TARGETS[values.target]?.maxLength ?? 100}`,
      `-artifact_prefix=${values.findings}`,
      "-timeout=20",
      "-print_final_stats=1",
    ],
  },
  OptionSource.CommandLineArguments,
);
drainTicks();
const { returnCode } = await startFuzzing(options);
process.exit(returnCode);

/** @returns {typeof import("@jazzer.js/core")} */
function loadFuzzer() {
  return createRequire(import.meta.url)("@jazzer.js/core");
}

/** zlib's streams say that they are closed in a tick of their own, and are kept until then. */
function drainTicks() {
  /** @type {(() => void) | undefined} */
  const runTicks = Reflect.get(process, "_tickCallback");
  const later = process.nextTick;
  let waiting = 0;
  process.nextTick = (...given) => {
    later.apply(process, given);
    waiting += 1;
    if (waiting < DRAIN_EVERY) return;
    waiting = 0;
    runTicks?.call(process);
  };
}
