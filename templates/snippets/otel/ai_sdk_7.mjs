import { openai } from "@ai-sdk/openai";
import { OpenTelemetry } from "@ai-sdk/otel";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { generateText, registerTelemetry } from "ai";

const sdk = new NodeSDK();
sdk.start();
registerTelemetry(new OpenTelemetry({ runtimeContext: true }));

for (const prompt of ["What is the capital of France?", "And of Japan?"]) {
  await generateText({
    model: openai.chat("gpt-4o-mini"),
    prompt,
    runtimeContext: { sessionId: "chat-42", userId: "ada" },
    telemetry: { includeRuntimeContext: { sessionId: true, userId: true } },
  });
}
await sdk.shutdown();
