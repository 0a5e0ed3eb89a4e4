import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

const EXAMPLES = path.resolve(import.meta.dirname, "../../../examples");

/** An example as a process of its own, and what it says. */
export class ExampleProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = "";
  /** Called when it has said something, or has ended. */
  readonly #listeners = new Set<() => void>();

  /** Start a server, and wait until it has said where it is.
   * @param script below examples/ */
  static async serve(script: string, environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const example = new ServerProcess(script, { PORT: "0", ...environment });
    try {
      const [url = ""] = await example.says(/ws:\/\/\S+?(?=[,\s])/);
      example.url = url;
      return example;
    } catch (error) {
      await example.kill();
      throw error;
    }
  }

  /** @param words its arguments */
  constructor(script: string, environment: Readonly<Record<string, string>> = {}, words: readonly string[] = []) {
    const { HOST: _host, PORT: _port, ...inherited } = process.env;
    this.#child = spawn(process.execPath, [path.join(EXAMPLES, script), ...words], {
      env: { ...inherited, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ended = once(this.#child, "close");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#said += text;
        this.#tell();
      });
    }
    void this.#ended.then(() => this.#tell());
  }

  /** All that it has said, on stdout and stderr. */
  get said(): string {
    return this.#said;
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Wait until it has said this.
   * @param from how much of what it has said is not looked at */
  says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#said.slice(from));
        if (match === null && !this.#isOver) return;
        this.#listeners.delete(look);
        if (match !== null) resolve(match);
        else reject(new Error(`the example ended without saying ${pattern}: ${this.#said}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Wait until it has ended and all it said is there.
   * @returns its exit code, or the signal that ended it */
  async end(): Promise<number | string | null> {
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** End it without its doing; nothing where it has ended. */
  async kill(): Promise<void> {
    if (!this.#isOver) this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** An example that serves WebSocket. */
export class ServerProcess extends ExampleProcess {
  /** Where its WebSocket is. */
  url = "";

  get port(): string {
    return new URL(this.url).port;
  }

  /** Another resource of the same server. */
  at(pathname: string): URL {
    return new URL(pathname, this.url.replace(/^ws/, "http"));
  }
}
