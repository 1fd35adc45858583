import { openai } from "@ai-sdk/openai";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { generateText } from "ai";

const sdk = new NodeSDK();
sdk.start();

for (const prompt of ["What is the capital of France?", "And of Japan?"]) {
  await generateText({
    model: openai.chat("gpt-4o-mini"),
    prompt,
    experimental_telemetry: { isEnabled: true, metadata: { sessionId: "chat-42", userId: "ada" } },
  });
}
await sdk.shutdown();
