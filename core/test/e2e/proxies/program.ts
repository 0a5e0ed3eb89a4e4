/**
 * A program of another project that listens at one port of this machine, with a folder of its own for its files.
 * In: how it is started. Out: where it listens, and a way to end it. It never outlives this process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import * as net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

// Whoever ends this process, such as a test runner whose time is up, ends the programs too: see "exit" below
process.once("SIGTERM", () => process.exit(1));

/** How often another port is tried. */
const ATTEMPTS = 5;
const POLL_MS = 10;

export interface Plan {
  readonly command: string;
  /** Names and contents of the files in its folder. */
  files?(folder: string, port: number): Readonly<Record<string, string>>;
  args(folder: string, port: number): readonly string[];
  /** What it says once it listens. One that says nothing is asked until it accepts connections. */
  readonly sign?: string;
}

export interface Program {
  readonly port: number;
  stop(): Promise<void>;
}

/** Start a program at a port that is free. */
export async function startProgram(plan: Plan): Promise<Program> {
  for (let attempt = 1; ; attempt++) {
    // Such programs cannot take any port that is free and say which, so somebody else may be quicker
    const port = await findFreePort();
    const folder = await mkdtemp(path.join(tmpdir(), "polysocket-"));
    for (const [name, content] of Object.entries(plan.files?.(folder, port) ?? {})) {
      await writeFile(path.join(folder, name), content);
    }
    const child = spawn(plan.command, plan.args(folder, port), { stdio: ["ignore", "pipe", "pipe"] });
    const onExit = (): void => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    };
    process.once("exit", onExit);
    const stop = async (): Promise<void> => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill();
        await once(child, "exit");
      }
      process.off("exit", onExit);
      await rm(folder, { recursive: true });
    };
    const said = await untilItListens(child, port, plan.sign);
    if (said === undefined) return { port, stop };
    await stop();
    if (attempt === ATTEMPTS) throw new Error(`${plan.command} does not start: ${said}`);
  }
}

/** A port of 127.0.0.1 at which nobody listens at the moment. */
export async function findFreePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** @returns undefined once it listens; what it said where it ended instead */
async function untilItListens(
  child: ChildProcess,
  port: number,
  sign: string | undefined,
): Promise<string | undefined> {
  let said = "";
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(said));
  });
  const signed = new Promise<undefined>((resolve) => {
    const hear = (bytes: Buffer): void => {
      said += bytes;
      if (sign !== undefined && said.includes(sign)) resolve(undefined);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
  });
  return Promise.race([ended, sign === undefined ? untilItAccepts(child, port) : signed]);
}

async function untilItAccepts(child: ChildProcess, port: number): Promise<undefined> {
  while (child.exitCode === null && child.signalCode === null) {
    if (await accepts(port)) return;
    await delay(POLL_MS);
  }
  // What it said is told by its end
  await new Promise(() => {});
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
