import type { WebSocketError } from "../errors.ts";
import type { Frame } from "../frames/frame.ts";
import type { MessageKind } from "../messages/message.ts";
import type { InflateJob } from "./jobs.ts";

/** A whole message. `data` is a string for text unless the text was asked for as bytes. */
export interface MessageEvent {
  readonly type: "message";
  readonly kind: MessageKind;
  readonly data: string | Uint8Array;
}

/** A piece of a message, as it arrived. */
export interface FragmentEvent {
  readonly type: "fragment";
  readonly kind: MessageKind;
  readonly data: Uint8Array;
  readonly first: boolean;
  readonly last: boolean;
}

/** A frame, before it takes effect. */
export interface FrameEvent {
  readonly type: "frame";
  readonly frame: Frame;
}

export interface PingEvent {
  readonly type: "ping";
  readonly data: Uint8Array;
}

export interface PongEvent {
  readonly type: "pong";
  readonly data: Uint8Array;
}

/** The peer's Close frame arrived; it has been answered. Nothing but an error follows. */
export interface CloseReceivedEvent {
  readonly type: "close";
  /** 1005 when the frame carried none. */
  readonly code: number;
  readonly reason: string;
}

/** The connection was failed, by the peer's fault or for a limit or a timeout. Nothing follows. */
export interface FailedEvent {
  readonly type: "failed";
  readonly error: WebSocketError;
}

/** What `Protocol.nextEvent` returns. All bytes in events, but not those of a job, belong to the receiver of the event. */
export type ProtocolEvent =
  | InflateJob
  | MessageEvent
  | FragmentEvent
  | FrameEvent
  | PingEvent
  | PongEvent
  | CloseReceivedEvent
  | FailedEvent;
