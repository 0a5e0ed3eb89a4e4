/**
 * What pages do with a WebSocket. In: a tab, and a URL. Out: what the page's WebSocket told it. The functions that run in the
 * page may not name functions of their own, see `Tab`.
 */
import type { Tab } from "./tab.ts";

/** What a page's WebSocket told it, in order. */
export type Log = readonly string[];

export interface Listening {
  readonly subprotocols?: string[];
  readonly send?: string[];
  /** Close it after so many events. */
  readonly closeAfter?: number;
  /** How; without it, as `close()` does. */
  readonly closeWith?: { readonly code: number; readonly reason: string };
}

/** Connect and note every event until the socket is closed.
 * @param how what to send when it is open, and how to close it once there were so many events
 * @returns what happened, in order */
export function listen(tab: Pick<Tab, "evaluate">, url: string, how: Listening = {}): Promise<Log> {
  return tab.evaluate(
    ({ url, subprotocols = [], send = [], closeAfter, closeWith }: Listening & { readonly url: string }) =>
      new Promise<string[]>((resolve) => {
        const log: string[] = [];
        const socket = new WebSocket(url, subprotocols);
        socket.onopen = () => {
          log.push(`open ${socket.protocol}`);
          for (const text of send) socket.send(text);
        };
        socket.onmessage = ({ data }) => log.push(`message ${data}`);
        socket.onerror = () => log.push("error");
        socket.onclose = ({ code, reason, wasClean }) => {
          log.push(`close ${code} ${reason} ${wasClean}`);
          resolve(log);
        };
        for (const type of ["open", "message"]) {
          socket.addEventListener(
            type,
            () => log.length === closeAfter && socket.close(closeWith?.code, closeWith?.reason),
          );
        }
      }),
    { url, ...how },
  );
}

/** Send a text and bytes of each size, and compare what comes back.
 * @param sizes in bytes; the text's characters take one and two of them
 * @returns what did not come back as it was sent */
export function findChanged(tab: Pick<Tab, "evaluate">, url: string, sizes: readonly number[]): Promise<string[]> {
  return tab.evaluate(
    async ({ url, sizes }: { readonly url: string; readonly sizes: readonly number[] }) => {
      const socket = new WebSocket(url);
      socket.binaryType = "arraybuffer";
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = () => reject(new Error("the socket did not open"));
      });
      const changed: string[] = [];
      for (const size of sizes) {
        const text = "é7".repeat(size / 3) + "x".repeat(size % 3);
        const bytes = new Uint8Array(size).map((_, index) => index * 7 + size);
        for (const message of [text, bytes]) {
          socket.send(message);
          const back = await new Promise<string | ArrayBuffer>((resolve, reject) => {
            socket.onmessage = ({ data }) => resolve(data);
            socket.onclose = ({ code }) => reject(new Error(`closed with ${code} after ${message.length}`));
          });
          const received = typeof back === "string" ? back : new Uint8Array(back);
          const same =
            typeof message === "string"
              ? received === message
              : received.length === size && message.every((byte, index) => byte === received[index]);
          if (!same) changed.push(`${typeof message} of ${size}`);
        }
      }
      socket.close();
      return changed;
    },
    { url, sizes },
  );
}

declare global {
  interface Window {
    /** Those that were opened with `keepOpen`, and the texts that they got. */
    kept?: { readonly socket: WebSocket; readonly got: string[] }[];
  }
}

/** Open so many sockets at once, which stay open as `window.kept`.
 * @returns resolves when all are open */
export function keepOpen(tab: Tab, url: string, count = 1): Promise<void> {
  return tab.evaluate(
    async ({ url, count }: { readonly url: string; readonly count: number }) => {
      window.kept = Array.from({ length: count }, () => ({ socket: new WebSocket(url), got: [] }));
      for (const { socket, got } of window.kept) socket.addEventListener("message", ({ data }) => got.push(data));
      await Promise.all(
        window.kept.map(
          ({ socket }) =>
            new Promise((resolve, reject) => {
              socket.onopen = resolve;
              socket.onerror = () => reject(new Error("a socket did not open"));
            }),
        ),
      );
    },
    { url, count },
  );
}

/** Send a text on one of the sockets that `keepOpen` opened. */
export function say(tab: Tab, index: number, text: string): Promise<void> {
  return tab.evaluate(
    ({ index, text }: { readonly index: number; readonly text: string }) => window.kept?.[index]?.socket.send(text),
    { index, text },
  );
}

/** Wait until one of the sockets that `keepOpen` opened got so many texts.
 * @returns all that it got */
export function untilGot(tab: Tab, index: number, count: number): Promise<string[]> {
  return tab.evaluate(
    ({ index, count }: { readonly index: number; readonly count: number }) =>
      new Promise<string[]>((resolve, reject) => {
        const { socket, got = [] } = window.kept?.[index] ?? {};
        if (got.length >= count) resolve(got);
        socket?.addEventListener("message", () => got.length >= count && resolve(got));
        socket?.addEventListener("close", ({ code }) => reject(new Error(`closed with ${code}`)));
      }),
    { index, count },
  );
}
