// Makes each call once: TWOCHAT_API_KEY=… node build/calls.js

import { readFile } from "node:fs/promises";
import { outgoingHandler } from "@bytecodealliance/preview2-shim/http";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import { instantiate, type ImportObject } from "./twochat.js";
import type { Error as Failure } from "./interfaces/twochat-connector-types.js";
import type { handle } from "./interfaces/wasi-http-outgoing-handler.js";

const { TWOCHAT_BASE_URL, TWOCHAT_API_KEY, ALLOWED_ORIGIN } = process.env;
const origin = ALLOWED_ORIGIN ?? "https://api.p.2chat.io";

/** The way out, to one origin and to no other. */
const door: typeof handle = (request, options) => {
  const to = `${request.scheme()?.tag.toLowerCase()}://${request.authority()}`;
  if (to !== origin) throw { tag: "HTTP-request-denied" };
  return outgoingHandler.handle(request, options);
};

/** The connector, which sees these two variables of the environment and no others. */
async function load() {
  const env: Record<string, string> = {};
  if (TWOCHAT_BASE_URL !== undefined) env["TWOCHAT_BASE_URL"] = TWOCHAT_BASE_URL;
  if (TWOCHAT_API_KEY !== undefined) env["TWOCHAT_API_KEY"] = TWOCHAT_API_KEY;
  const wasi = new WASIShim({ sandbox: { env } }).getImportObject();
  const imports: object = { ...wasi, "wasi:http/outgoing-handler": { handle: door } };
  const core = async (file: string) =>
    WebAssembly.compile(await readFile(new URL(file, import.meta.url)));
  // jco's code reads its imports by names without a version, and its types with one.
  return (await instantiate(core, imports as ImportObject)).actions;
}

/** What the contract says of a failure, where it is one of the connector. */
function failure(error: unknown): Failure | undefined {
  return error instanceof Error && "payload" in error ? (error.payload as Failure) : undefined;
}

try {
  const twochat = await load();
  console.log("test-api-key:", twochat.testApiKey().verdict);
  console.log("get-api-usage-info:", twochat.getApiUsageInfo().account.uuid);
  const details = [{ kind: "phone", value: "+14155550123" } as const];
  console.log("create-contact:", twochat.createContact({ firstName: "Ada", details }).uuid);
  const { contacts } = twochat.listContacts({ resultsPerPage: 100 });
  console.log("list-contacts:", ...contacts.map((contact) => contact.uuid));
  const { subscriptions } = twochat.listWebhookSubscriptions();
  console.log("list-webhook-subscriptions:", ...subscriptions.map((webhook) => webhook.uuid));
} catch (error) {
  const known = failure(error);
  if (known === undefined) throw error;
  console.error(`${known.kind}: ${known.message}`);
  process.exitCode = 1;
}
