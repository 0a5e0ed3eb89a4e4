import { Mailbox } from "../mailbox.ts";
import type { Ended } from "../peers/peer.ts";
import type { SocketOfEitherEnd } from "./socket-of-either-end.ts";

/** What a script says about a socket, a line each. */
export type SocketEvent =
  | { readonly socket: number; readonly event: "text" | "binary" | "pong"; readonly value: string }
  | { readonly socket: number; readonly event: "sent" }
  | { readonly socket: number; readonly event: "closed"; readonly code: number; readonly reason: string };

export interface PythonSocket {
  readonly adapter: SocketOfEitherEnd;
  happened(event: SocketEvent): void;
}

/** A socket of Python's `websockets`, in a process of its own.
 * @param tell give a command to the script's socket */
export function adaptSocket(tell: (command: string, more?: object) => void): PythonSocket {
  const messages = new Mailbox<string | Buffer>();
  const pongs = new Mailbox<string>();
  const closed = new Mailbox<Ended>();
  const unsent: (() => void)[] = [];
  const adapter: SocketOfEitherEnd = {
    closed: closed.take(),
    send(message, sent = () => {}) {
      unsent.push(sent);
      if (typeof message === "string") tell("text", { value: message });
      else tell("binary", { value: Buffer.from(message).toString("base64") });
    },
    receive: () => messages.take(),
    close: (code = 1000, reason = "") => tell("close", { code, reason }),
    ping(payload) {
      tell("ping", { value: payload });
      return pongs.take();
    },
    sendFragments: (parts) => tell("fragments", { parts }),
    pause: () => tell("pause"),
    resume: () => tell("resume"),
  };
  return {
    adapter,
    happened(event) {
      switch (event.event) {
        case "text":
          return messages.put(event.value);
        case "binary":
          return messages.put(Buffer.from(event.value, "base64"));
        case "pong":
          return pongs.put(event.value);
        case "sent":
          return unsent.shift()?.();
        case "closed":
          messages.end(`closed with ${event.code}`);
          return closed.put({ code: event.code, reason: event.reason });
        default:
          event satisfies never;
      }
    },
  };
}
