/** polysocket for Node.js: WebSocket servers and clients. */
export * from "../engine/errors.ts";
export { CLOSE_CODE } from "../engine/frames/close-code.ts";
export type { Frame, OutgoingFrame } from "../engine/frames/frame.ts";
export { OPCODE } from "../engine/frames/opcode.ts";
export type { HeadersInput } from "../engine/handshake/header-list.ts";
export type { Limits, SharedLimits } from "../engine/messages/limits.ts";
export { sharedLimits } from "../engine/messages/limits.ts";
export type { Fragment, MessageKind, Reception } from "../engine/messages/message.ts";
export type { State } from "../engine/protocol/state.ts";
export type { Attempt, End, LoopState, Next } from "../reconnect/loop.ts";
export type { Loss } from "../reconnect/outbox.ts";
export { connect } from "./client/connect.ts";
export type { ConnectOptions } from "./client/connect-options.ts";
export type {
  Keepable,
  LostMessage,
  Provided,
  ReconnectingHandlers,
  ReconnectingOptions,
  ReconnectOptions,
} from "./client/reconnect-options.ts";
export type { ReconnectingConnection } from "./client/reconnecting-connection.ts";
export type { CompressionMemory } from "./compression/compression-memory.ts";
export { compressionMemory } from "./compression/compression-memory.ts";
export type { CompressionOptions } from "./compression/compression-options.ts";
export type { PingOptions, Sendable } from "./connection/connection.ts";
export { Connection } from "./connection/connection.ts";
export { fitReason, frameBytes } from "./connection/frame-tools.ts";
export type { MemoryBudget } from "./connection/memory-budget.ts";
export { memoryBudget } from "./connection/memory-budget.ts";
export type { RateOptions } from "./connection/rate.ts";
export type { MessageWriter } from "./connection/message-writer.ts";
export type { Preparable, PreparedMessage, SendOptions } from "./connection/prepared-message.ts";
export { prepare } from "./connection/prepared-message.ts";
export type { CloseEvent as ConnectionCloseEvent, ConnectionOptions, Handlers } from "./connection/settings.ts";
export type { Attachment, HttpServer } from "./server/attach.ts";
export { attach } from "./server/attach.ts";
export type { ConnectionSet } from "./server/connection-set.ts";
export type { Endpoint } from "./server/create-endpoint.ts";
export { createEndpoint } from "./server/create-endpoint.ts";
export type { Acceptance, SubprotocolChoice, Upgrade, UpgradeAnswer } from "./server/decision.ts";
export type { HandshakeRate, MaxConnectionsPerAddress } from "./server/address-limit.ts";
export type { HandshakeRequest } from "./server/handshake-request.ts";
export type { Refusal } from "./server/http-answer.ts";
export type { Identities, Identity, IdentityOptions } from "./server/identities.ts";
export { createIdentities } from "./server/identities.ts";
export type { AttachOptions, CloseOptions, EndpointOptions, RouteHandlers, ServeOptions } from "./server/options.ts";
export type { OriginPolicy } from "./server/origin.ts";
export type { Server } from "./server/serve.ts";
export { serve } from "./server/serve.ts";
export type { Http2Limits } from "./server/session-guard.ts";
export type { PendingHandshake } from "./server/pending-handshake.ts";
export type { ServerStats } from "./server/server-stats.ts";
export type { TrustProxy } from "./server/trusted-proxies.ts";
export type { CloseEventInit } from "./web-socket/close-event.ts";
export { CloseEvent } from "./web-socket/close-event.ts";
export { WebSocket } from "./web-socket/web-socket.ts";
