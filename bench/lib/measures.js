// What can be measured. An entry of MEASURES has
// - `unit` and `digits` of its figure, `columns` of the table beside it, `notes` below the table for a peer
// - `run(peers, scenario, setup)`: one round of all peers, which resolves to { [peer name]: { figure, … } }
// - `role` that the peers take
// - `each`: what CPU time is divided by; only where CPU time is measured
// - `aims` that are every scenario's
// Every round starts fresh processes, so that one process's luck (its memory layout, what the compiler made of it) is one round's.
import { cpuMeasure } from "./cpu-measure.js";
import { memoryMeasure } from "./memory-measure.js";

export const MEASURES = {
  echo: cpuMeasure({ role: "server", command: "echo", each: "message", digits: 2 }),
  clientEcho: cpuMeasure({ role: "client", command: "echo", each: "message", digits: 2 }),
  publish: cpuMeasure({ role: "server", command: "publish", each: "delivery", digits: 2 }),
  handshake: cpuMeasure({ role: "server", command: "handshake", each: "handshake and close", digits: 1 }),
  memory: memoryMeasure,
};
