/** polysocket for browsers: the client of `polysocket` with `reconnect`, over the platform's WebSocket. */
export type { HeartbeatOptions } from "../reconnect/heartbeat.ts";
export type { Attempt, End, LoopState, Next } from "../reconnect/loop.ts";
export type { AcknowledgeOptions, Loss, QueueOptions } from "../reconnect/outbox.ts";
export { connect } from "./connect.ts";
export type {
  CloseEvent,
  ConnectOptions,
  Handlers,
  LostMessage,
  ProvidedUrl,
  ReconnectingConnection,
  ReconnectOptions,
  Sendable,
} from "./options.ts";
