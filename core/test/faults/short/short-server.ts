/**
 * A server in a process that is short of something; short-process.ts starts it. In: commands over Node's channel. Out: answers.
 */
import { closeSync, openSync } from "node:fs";
import { connect, type ServeOptions, type Server, serve } from "../../../src/node/index.ts";
import { obey } from "../../hostile/victim-channel.ts";
import { serverIdentity } from "../../e2e/client-test-certificates.ts";

let server: Server | undefined;
const files: number[] = [];
let peakBytes = 0;

/** "/gives" answers each message with 64 KiB; "/throws" has a handler that fails, of which only a warning tells. */
const HANDLERS: ServeOptions = {
  routes: {
    "/": { message: (connection, message) => void connection.send(message) },
    "/gives": { message: (connection) => void connection.send(Buffer.alloc(65_536)) },
    "/throws": {
      message() {
        throw new Error("of the application's own");
      },
    },
    "/refuses": {
      upgrade() {
        throw new Error("of the application's own");
      },
    },
  },
};

// Node lets a process die of a line that it cannot write, unless somebody hears of it
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

obey({
  async serve(kind: "plain" | "tls" | "http2", options: ServeOptions = {}): Promise<string> {
    const tls = kind === "plain" ? {} : { tls: serverIdentity, http2: kind === "http2" };
    server = await serve({ host: "127.0.0.1", ...HANDLERS, ...tls, ...options });
    return server.url;
  },
  sockets: (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length,
  /** Processor time so far, in ms. */
  cpuMs: (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1_000,
  /** Open so many files, and say how many could be. */
  openFiles(count: number): number {
    try {
      for (let left = count; left > 0; left--) files.push(openSync("/dev/null", "r"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EMFILE") throw error;
    }
    return files.length;
  },
  closeFiles(): void {
    for (const file of files.splice(0)) closeSync(file);
  },
  /** Be a client. */
  dial: (url: string): Promise<string> =>
    connect(url).then(
      (connection) => {
        connection.close();
        return "opened";
      },
      (error) => `${error.code}: ${error.cause?.code}`,
    ),
  /** Write lines by all ways, some of them in later turns. */
  async complain(count: number): Promise<void> {
    for (let left = count; left > 0; left--) {
      process.emitWarning(`warning ${left}`);
      console.log(`line ${left}`);
      console.error(`line ${left}`);
      if (left % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  },
  watchMemory(): void {
    setInterval(() => {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    }, 10).unref();
  },
  peakBytes: (): number => peakBytes,
  errors: (): Readonly<Record<string, number>> => ({ ...server?.stats().errors }),
});
