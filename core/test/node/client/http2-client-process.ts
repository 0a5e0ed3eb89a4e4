/**
 * What http2-sessions.test.ts runs in a process of its own, which has to end by itself. In: the URL of a server that speaks
 * HTTP/2. Out: how many milliseconds the process went on after its connections were closed.
 */
import { connect } from "../../../src/node/client/connect.ts";

const [url = ""] = process.argv.slice(2);

async function run(): Promise<void> {
  const all = await Promise.all([1, 2, 3].map(() => connect(url, { http2: true })));
  for (const connection of all) connection.terminate();
  await Promise.all(all.map(({ closed }) => closed));
  const closedMs = performance.now();
  process.on("exit", () => console.log(performance.now() - closedMs));
}

void run();
