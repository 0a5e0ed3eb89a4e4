/**
 * OpenTelemetry for this process: all that is not about WebSocket.
 * Spans are printed as lines of JSON, so that the example needs no collector; a program of your own gives the BatchSpanProcessor
 * the OTLP exporter instead, and nothing else changes.
 */
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

/** @import { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-node" */

/** Begin. Contexts follow promises from now on, and `traceparent` headers are understood.
 * @returns {{ stop(): Promise<void> }} whose `stop` exports what is left */
export function startTelemetry() {
  const provider = new NodeTracerProvider({
    spanProcessors: [new BatchSpanProcessor(new LineExporter(), { scheduledDelayMillis: 1_000 })],
  });
  provider.register();
  return { stop: () => provider.shutdown() };
}

/** @implements {SpanExporter} */
class LineExporter {
  /** @type {SpanExporter["export"]} */
  export(spans, done) {
    for (const span of spans) console.log(JSON.stringify(lineOf(span)));
    done({ code: 0 });
  }

  async forceFlush() {}
  async shutdown() {}
}

/** @param {ReadableSpan} span */
function lineOf(span) {
  const { traceId, spanId } = span.spanContext();
  const [seconds, nanoseconds] = span.duration;
  return {
    name: span.name,
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    links: span.links.map(({ context }) => context.spanId),
    durationMs: seconds * 1_000 + nanoseconds / 1e6,
    status: span.status.code,
    attributes: span.attributes,
  };
}
