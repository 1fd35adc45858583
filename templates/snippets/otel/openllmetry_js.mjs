import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import * as traceloop from "@traceloop/node-server-sdk";
import OpenAI from "openai";

traceloop.initialize({
  appName: "my-app",
  exporter: new OTLPTraceExporter(),
  instrumentModules: { openAI: OpenAI },
  traceloopSyncEnabled: false,
  silenceInitializationMessage: true,
});

const client = new OpenAI();
for (const content of ["What is the capital of France?", "And of Japan?"]) {
  await traceloop.withAssociationProperties({ session_id: "chat-42", user_id: "ada" }, () =>
    client.chat.completions.create({ model: "gpt-4o-mini", messages: [{ role: "user", content }] }),
  );
}
await traceloop.forceFlush();
