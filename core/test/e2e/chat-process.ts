import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

const SCRIPT = path.resolve(import.meta.dirname, "../../../examples/chat/server.js");

/** The chat of `npm start`, as a process of its own. */
export class ChatProcess {
  /** The page's address. */
  readonly url: string;
  readonly #process: ChildProcess;

  /** @param port 0 for any that is free */
  static async start(port = 0): Promise<ChatProcess> {
    const child = spawnChat({ PORT: String(port) });
    return new ChatProcess(await untilItListens(child), child);
  }

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#process = child;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The address of the WebSocket. */
  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/chat`;
  }

  /** End it as Ctrl+C does, unless it has ended.
   * @returns its exit code */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill("SIGINT");
      await once(this.#process, "exit");
    }
    return this.#process.exitCode;
  }

  /** End it without its doing, as a crash would. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }
}

/** Run the chat with this environment until it ends by itself. */
export async function runChat(environment: Readonly<Record<string, string>>): Promise<{ code: number; said: string }> {
  const child = spawnChat(environment);
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    said += bytes;
  });
  const [code] = await once(child, "close");
  return { code, said };
}

function spawnChat(environment: Readonly<Record<string, string>>): ChildProcess {
  const { HOST: _host, PORT: _port, ...inherited } = process.env;
  return spawn(process.execPath, [SCRIPT], {
    env: { ...inherited, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function untilItListens(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (bytes: Buffer): void => {
      said += bytes;
      const [url] = /http:\S+/.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.once("close", () => reject(new Error(`the chat ended: ${said}`)));
  });
}
