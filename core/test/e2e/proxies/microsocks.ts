import { type Program, startProgram } from "./program.ts";
import { PROXY_ADDRESS } from "./tinyproxy.ts";

/** A SOCKS5 proxy of our own: Debian's microsocks. */
export class Microsocks {
  /** With the credentials that it asks for. */
  readonly url: string;
  readonly #program: Program;

  /** @param command microsocks' program
   * @param auth ask for these credentials */
  static async start(
    command: string,
    auth?: { readonly user: string; readonly password: string },
  ): Promise<Microsocks> {
    const more = auth === undefined ? [] : ["-u", auth.user, "-P", auth.password];
    const program = await startProgram({
      command,
      args: (_folder, port) => ["-i", "127.0.0.1", "-p", String(port), "-b", PROXY_ADDRESS, ...more],
    });
    return new Microsocks(program, auth === undefined ? "" : `${auth.user}:${auth.password}@`);
  }

  private constructor(program: Program, credentials: string) {
    this.url = `socks5://${credentials}127.0.0.1:${program.port}`;
    this.#program = program;
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}
