// Vercel's AI SDK 6: a tool's round trip, a stream, a failing call; the session in the telemetry's metadata.
import { openai } from "@ai-sdk/openai";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

const sdk = new NodeSDK();
sdk.start();

const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const get_weather = tool({
  description: "Weather of a city",
  inputSchema: jsonSchema(city),
  execute: async ({ city }) => `Sunny in ${city}`,
});
const common = {
  model: openai.chat("gpt-4o-mini"),
  maxRetries: 0,
  experimental_telemetry: { isEnabled: true, metadata: { sessionId: "chat-1", userId: "ada" } },
};

const prompt = "What is the weather in Paris and Oslo?";
await generateText({ ...common, prompt, tools: { get_weather }, stopWhen: stepCountIs(3) });
await streamText({ ...common, prompt: "Say it slowly please" }).consumeStream();
await generateText({ ...common, prompt: "Please fail now" }).catch(() => {});
await sdk.shutdown();
