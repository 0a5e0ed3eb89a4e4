/**
 * What the core's connections say, for all connections of this package: `data` is whose it is. A listener's error is not the
 * core's affair; it goes on as an uncaught exception.
 */
import type { Connection, Handlers, WebSocketError } from "polysocket";
import { OPCODE } from "polysocket";
import { WebSocketConnection } from "./connection.ts";
import { failureReason, socketErrorText } from "./errors.ts";
import { frameOf, type WebSocketFrame } from "./frame.ts";
import { own } from "./own-property.ts";
import { throwLater } from "./rethrow.ts";

type Core = Connection<WebSocketConnection>;
type Told = "message" | "frame" | "ping" | "pong" | "drain" | "closing" | "error" | "close";

export const connectionHandlers: Required<Pick<Handlers<WebSocketConnection>, Told>> = {
  message({ data: connection }, message) {
    try {
      if (typeof message === "string") connection.emit("message", { type: "utf8", utf8Data: message });
      else connection.emit("message", { type: "binary", binaryData: bufferOf(message) });
    } catch (error) {
      throwLater(error);
    }
  },

  frame({ data: connection }, received) {
    const frame = frameOf(received, connection.config);
    try {
      connection.emit("frame", frame);
    } catch (error) {
      throwLater(error);
    }
    tellSingle(connection, frame);
  },

  ping(core, payload) {
    if (core.data.listenerCount("ping") === 0 || !isCancelled(core.data, bufferOf(payload))) core.pong(payload);
  },

  pong({ data: connection }, payload) {
    try {
      connection.emit("pong", bufferOf(payload));
    } catch (error) {
      throwLater(error);
    }
  },

  drain({ data: connection }) {
    connection.outputBufferFull = false;
    try {
      connection.emit("drain");
    } catch (error) {
      throwLater(error);
    }
  },

  closing(core, { code, reason }) {
    WebSocketConnection.closing(core.data, code, reason);
    // The original ends its side when it has answered, on whichever side it is
    if (core.data.maskOutgoingPackets) core.fail(1000);
  },

  error(core, error) {
    tellFailure(core, error);
  },

  close({ data: connection }, { error }) {
    own(connection, "socketHadError", error?.code === "TRANSPORT_FAILED");
    WebSocketConnection.ended(connection, 1006, "Connection dropped by remote peer.");
  },
};

/** The document promises a message, too, where it came in a single frame. */
function tellSingle(connection: WebSocketConnection, { fin, opcode, binaryPayload }: WebSocketFrame): void {
  if (!fin || binaryPayload === null) return;
  try {
    if (opcode === OPCODE.text) connection.emit("message", { type: "utf8", utf8Data: binaryPayload.toString() });
    else if (opcode === OPCODE.binary) connection.emit("message", { type: "binary", binaryData: binaryPayload });
  } catch (error) {
    throwLater(error);
  }
}

/** Whether a listener does not want the ping to be answered. */
function isCancelled(connection: WebSocketConnection, payload: Buffer): boolean {
  let isCancelled = false;
  const cancel = (): void => {
    isCancelled = true;
  };
  try {
    connection.emit("ping", cancel, payload);
  } catch (error) {
    throwLater(error);
  }
  return isCancelled;
}

/** A peer's fault ends it at once; what the socket met is an `error`, for those who listen. */
function tellFailure({ data: connection }: Core, error: WebSocketError): void {
  const { code, cause } = error;
  if (code === "TRANSPORT_FAILED") {
    tellSocketError(connection, cause instanceof Error ? cause : error);
  } else if (code === "HEARTBEAT_TIMEOUT") {
    WebSocketConnection.ended(connection, 1006, "Peer not responding.");
  } else if (isPeersFault(error)) {
    tellFault(connection, error);
  }
}

function tellSocketError(connection: WebSocketConnection, error: Error): void {
  if (connection.closeEventEmitted) return;
  try {
    if (connection.listenerCount("error") > 0) connection.emit("error", error);
  } catch (failure) {
    throwLater(failure);
  }
  own(connection, "socketHadError", true);
  WebSocketConnection.ended(connection, 1006, socketErrorText(error));
}

type PeersFault = Parameters<typeof failureReason>[0] & {
  readonly received?: { readonly code: number; readonly reason: string };
};

function isPeersFault(error: WebSocketError): error is PeersFault {
  return "closeCode" in error;
}

function tellFault(connection: WebSocketConnection, error: PeersFault): void {
  const { code, closeCode, received } = error;
  // A wrong Close frame is one all the same: `close` comes with the transport's end
  if (code === "CLOSE_TOO_SHORT") WebSocketConnection.closing(connection, 1005, "");
  else if (received !== undefined) WebSocketConnection.closing(connection, received.code, received.reason);
  else WebSocketConnection.ended(connection, closeCode, failureReason(error));
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
