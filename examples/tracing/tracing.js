/**
 * Spans of a WebSocket server: short ones, each of which ends when something has been done.
 * In: polysocket's diagnostics channels, and the handlers of the application that are worth a span. Out: spans of OpenTelemetry.
 * A connection is no span, since it may be open for days: what happens on it has traces of its own, which link to the upgrade's span.
 */
import { subscribe } from "node:diagnostics_channel";
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

/** @import { Span, SpanContext } from "@opentelemetry/api" */
/** @import { Connection, ConnectionCloseEvent, HandshakeError, HandshakeRequest, MessageKind } from "polysocket" */
/** @typedef {(connection: Connection<undefined>, message: string | Uint8Array, kind: MessageKind) => unknown} MessageHandler */
/** @typedef {{ upgrade: SpanContext, openedMs: number }} Beginning */

const tracer = trace.getTracer("websocket");

/** Of handshakes that are being decided on, and of those that were accepted.
 * @type {WeakMap<HandshakeRequest, Span>} */
const upgrades = new WeakMap();
/** @type {WeakMap<Connection<undefined>, Beginning>} */
const beginnings = new WeakMap();

/** Make spans of upgrades and ends from now on. */
export function traceConnections() {
  subscribe("polysocket:upgrade", (event) => {
    const { request, statusCode, error } =
      /** @type {{ request: HandshakeRequest, statusCode: number, error: HandshakeError | undefined }} */ (event);
    endUpgrade(request, statusCode, error);
  });
  subscribe("polysocket:open", (event) => {
    const { connection, request } = /** @type {{ connection: Connection<undefined>, request: HandshakeRequest }} */ (
      event
    );
    const upgrade = upgrades.get(request);
    // Without an upgrade it is a client's
    if (upgrade === undefined) return;
    beginnings.set(connection, { upgrade: upgrade.spanContext(), openedMs: performance.now() });
  });
  subscribe("polysocket:close", (message) => {
    const { connection, event } = /** @type {{ connection: Connection<undefined>, event: ConnectionCloseEvent }} */ (
      message
    );
    const beginning = beginnings.get(connection);
    if (beginning !== undefined) traceEnd(beginning, event);
  });
}

/** An `upgrade` handler whose time is the span's, and whose own spans are the span's children.
 * @template T
 * @param {(request: HandshakeRequest) => T} decide
 * @returns {(request: HandshakeRequest) => T} */
export function tracedUpgrade(decide) {
  return (request) => {
    const span = startUpgrade(request);
    return context.with(trace.setSpan(context.active(), span), decide, undefined, request);
  };
}

/** A `message` handler, each call of it with a span and a trace of its own.
 * @param {number} ratio how many of the messages get one: 0 none, 1 all
 * @param {MessageHandler} handle
 * @returns {MessageHandler} */
export function tracedMessages(ratio, handle) {
  if (ratio === 0) return handle;
  return (connection, message, kind) => {
    const beginning = beginnings.get(connection);
    if (beginning === undefined || Math.random() >= ratio) return handle(connection, message, kind);
    const options = {
      kind: SpanKind.CONSUMER,
      root: true,
      links: [{ context: beginning.upgrade }],
      attributes: { "websocket.message.kind": kind, "websocket.message.length": message.length },
    };
    return tracer.startActiveSpan("websocket message", options, (span) =>
      endWith(span, () => handle(connection, message, kind)),
    );
  };
}

/** @param {HandshakeRequest} request */
function startUpgrade(request) {
  const attributes = {
    "http.request.method": request.method,
    "network.protocol.version": request.httpVersion,
    "url.path": request.path,
  };
  // Who asks may be part of a trace (W3C Trace Context): a browser's WebSocket cannot say so, other clients and proxies can
  const caller = propagation.extract(ROOT_CONTEXT, request.headers);
  const span = tracer.startSpan("websocket upgrade", { kind: SpanKind.SERVER, attributes }, caller);
  upgrades.set(request, span);
  return span;
}

/** @param {HandshakeRequest} request
 * @param {number} statusCode
 * @param {HandshakeError | undefined} error */
function endUpgrade(request, statusCode, error) {
  // Most of what is refused was refused before the application was asked
  const span = upgrades.get(request) ?? startUpgrade(request);
  span.setAttribute("http.response.status_code", statusCode);
  if (error !== undefined) span.setAttribute("error.type", error.code);
  // What the client did wrong is no error of the server's
  if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** @param {Beginning} beginning
 * @param {ConnectionCloseEvent} event */
function traceEnd({ upgrade, openedMs }, { code, wasClean, error }) {
  const span = tracer.startSpan("websocket close", {
    root: true,
    links: [{ context: upgrade }],
    attributes: {
      "websocket.close.code": code,
      "websocket.close.clean": wasClean,
      "websocket.open.seconds": (performance.now() - openedMs) / 1_000,
      ...(error !== undefined && { "error.type": error.code }),
    },
  });
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  span.end();
}

/** Do it, and end the span when it is done, also later and also when it fails.
 * @param {Span} span
 * @param {() => unknown} act */
function endWith(span, act) {
  const fail = (/** @type {unknown} */ error) => {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    throw error;
  };
  let result;
  try {
    result = act();
  } catch (error) {
    return fail(error);
  }
  if (!(result instanceof Promise)) {
    span.end();
    return result;
  }
  return result.then((value) => {
    span.end();
    return value;
  }, fail);
}
