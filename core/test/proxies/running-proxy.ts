import { startProgram } from "../e2e/proxies/program.ts";
import type { ProxySetup, ProxyWish } from "./proxy-setup.ts";

/** Longer than any test. */
const PATIENT_SECONDS = 600;

/** A proxy that runs; it serves TLS at 127.0.0.1. */
export class RunningProxy {
  readonly port: number;
  readonly #stop: () => Promise<void>;
  #stopped: Promise<void> | undefined;

  static async start(setup: ProxySetup, command: string, wish: Partial<ProxyWish>): Promise<RunningProxy> {
    const { backendPort = 0, idleSeconds = PATIENT_SECONDS } = wish;
    const { port, stop } = await startProgram({ command, ...setup.plan({ backendPort, idleSeconds }) });
    return new RunningProxy(port, stop);
  }

  private constructor(port: number, stop: () => Promise<void>) {
    this.port = port;
    this.#stop = stop;
  }

  /** Where a path of the server is to be had through it. */
  url(path: string): string {
    return `wss://127.0.0.1:${this.port}${path}`;
  }

  /** End the program, as it is: what goes through it is cut off. Without effect the second time. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }
}
