// A turn with two calls of a model, sent by OpenTelemetry's exporters as they come: all is set by OTEL_* variables.
//     node export.mjs json|protobuf SESSION
import { DiagConsoleLogger, DiagLogLevel, ROOT_CONTEXT, SpanKind, diag, trace } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const [encoding, session] = process.argv.slice(2);
// What an exporter has to complain about: a partial success, a status that is none.
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);

const exporter = encoding === "json" ? new JsonExporter() : new ProtobufExporter();
const spans = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
const logs = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })] });

const tracer = spans.getTracer("e2e");
const turn = tracer.startSpan("turn", { attributes: { "session.id": session } }, ROOT_CONTEXT);
const inside = trace.setSpan(ROOT_CONTEXT, turn);
for (const [question, answer] of [["What is 6 x 7?", "42."], ["And 7 x 7?", "49."]]) {
  const call = tracer.startSpan("chat gpt-4o", { kind: SpanKind.CLIENT }, inside);
  call.setAttributes({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.input.messages": JSON.stringify([{ role: "user", parts: [{ type: "text", content: question }] }]),
    "gen_ai.output.messages": JSON.stringify([
      { role: "assistant", parts: [{ type: "text", content: answer }], finish_reason: "stop" },
    ]),
  });
  logs.getLogger("e2e").emit({
    eventName: "gen_ai.user.message",
    body: { content: question },
    context: trace.setSpan(ROOT_CONTEXT, call),
  });
  call.end();
}
turn.end();
await spans.forceFlush();
await logs.forceFlush();
await spans.shutdown();
await logs.shutdown();
