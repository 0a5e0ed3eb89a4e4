import { type Program, startProgram } from "./program.ts";

/** From where our proxies dial, so that a server sees who came. */
export const PROXY_ADDRESS = "127.0.0.2";

export interface TinyproxyOptions {
  /** Ask for these credentials. */
  readonly auth?: { readonly user: string; readonly password: string };
  /** CONNECT leads to this port only. */
  readonly onlyPort?: number;
}

/** An HTTP proxy of our own: Debian's tinyproxy. */
export class Tinyproxy {
  /** Without credentials. */
  readonly url: string;
  readonly #program: Program;

  /** @param command tinyproxy's program */
  static async start(command: string, options: TinyproxyOptions = {}): Promise<Tinyproxy> {
    return new Tinyproxy(
      await startProgram({
        command,
        files: (_folder, port) => ({ "tinyproxy.conf": configuration(port, options) }),
        args: (folder) => ["-d", "-c", `${folder}/tinyproxy.conf`],
        sign: "Accepting connections",
      }),
    );
  }

  private constructor(program: Program) {
    this.url = `http://127.0.0.1:${program.port}`;
    this.#program = program;
  }

  /** With credentials in it. */
  urlFor(user: string, password: string): string {
    return this.url.replace("//", `//${user}:${password}@`);
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}

function configuration(port: number, { auth, onlyPort }: TinyproxyOptions): string {
  return [
    `Port ${port}`,
    "Listen 127.0.0.1",
    `Bind ${PROXY_ADDRESS}`,
    "Timeout 600",
    "LogLevel Info",
    ...(auth === undefined ? [] : [`BasicAuth ${auth.user} ${auth.password}`]),
    ...(onlyPort === undefined ? [] : [`ConnectPort ${onlyPort}`]),
    "",
  ].join("\n");
}
