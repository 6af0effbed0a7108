// Makes each call once, in a page; what comes of it goes to the server of the page.

import { outgoingHandler } from "preview2-shim/http";
import { WASIShim } from "preview2-shim/instantiation";
import { instantiate } from "./build/twochat.js";

const { allowed, env } = await (await fetch("settings.json")).json();

/** The way out, to one origin and to no other. */
function handle(request, options) {
  const to = `${request.scheme()?.tag.toLowerCase()}://${request.authority()}`;
  if (to !== allowed) throw { tag: "HTTP-request-denied" };
  return outgoingHandler.handle(request, options);
}

const lines = [];
const show = (action, ...words) => lines.push(`${action}: ${words.join(" ")}`);
let status = 0;
try {
  const wasi = new WASIShim({ sandbox: { env } }).getImportObject();
  const core = (file) => WebAssembly.compileStreaming(fetch(`build/${file}`));
  const imports = { ...wasi, "wasi:http/outgoing-handler": { handle } };
  const twochat = (await instantiate(core, imports)).actions;

  show("test-api-key", (await twochat.testApiKey()).verdict);
  show("get-api-usage-info", (await twochat.getApiUsageInfo()).account.uuid);
  const details = [{ kind: "phone", value: "+14155550123" }];
  show("create-contact", (await twochat.createContact({ firstName: "Ada", details })).uuid);
  const { contacts } = await twochat.listContacts({ resultsPerPage: 100 });
  show("list-contacts", ...contacts.map((contact) => contact.uuid));
  const { subscriptions } = await twochat.listWebhookSubscriptions();
  show("list-webhook-subscriptions", ...subscriptions.map((webhook) => webhook.uuid));
} catch (error) {
  const known = error.payload;
  lines.push(known ? `${known.kind}: ${known.message}` : `${error.stack ?? error}`);
  status = 1;
}
await fetch("done", { method: "POST", body: JSON.stringify({ lines, status }) });
