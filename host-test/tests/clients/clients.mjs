// A client in Node takes the tools: node clients.mjs CLIENT TWOCHAT EVERY_TYPE
//
// `check` starts it, in the place where that client is installed. Says on one line what was
// done; whatever else is said, such as a warning, is a failure.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const KEY = "canary-7f3a9c51e8";
const [client, twochat, everyType] = process.argv.slice(2);
const every = JSON.parse(readFileSync(everyType)).tools;

/** Ajv as it is, which takes a word that it does not know for a mistake. */
async function ajv() {
  const { default: Ajv } = await import("ajv");
  const { default: Ajv2020 } = await import("ajv/dist/2020.js");
  const own = JSON.parse(execFileSync(twochat, ["tools"])).tools;
  const refuse = (...words) => assert.fail(words.join(" "));
  const logger = { log: refuse, warn: refuse, error: refuse };
  let count = 0;
  for (const draft of [Ajv, Ajv2020]) {
    const ajv = new draft({ strict: true, strictRequired: true, logger });
    for (const { name, inputSchema, outputSchema } of [...own, ...every]) {
      for (const schema of [inputSchema, outputSchema]) {
        assert(!ajv.compile(schema)("nothing that fits"), name);
        count += 1;
      }
      const examples = Object.entries(inputSchema.properties).flatMap(([member, { examples }]) =>
        examples ? [[member, examples[0]]] : [],
      );
      if (own.some((tool) => tool.name === name)) {
        assert(ajv.validate(inputSchema, Object.fromEntries(examples)), ajv.errorsText());
      }
    }
  }
  return `${count / 2} schemas, strict, in drafts 7 and 2020-12`;
}

/** As Cursor checks: every schema closed, so that a result may have no member beside it. */
async function cursor(server) {
  const { default: Ajv } = await import("ajv");
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
  const closed = (schema) => {
    if (schema.type === "object") schema.additionalProperties = false;
    for (const inner of Object.values(schema.properties ?? {})) closed(inner);
    for (const inner of schema.anyOf ?? []) closed(inner);
    if (schema.items) closed(schema.items);
    return schema;
  };
  const ajv = new Ajv({ strict: true, allErrors: true });
  const session = new Client({ name: "cursor", version: "1" });
  await session.connect(new StdioClientTransport(server));
  try {
    const { tools } = await session.listTools();
    const person = { "first-name": "Ada", details: [{ kind: "email", value: "ada@example.com" }] };
    const asked = {
      "create-contact": [person, { ...person, toolCallId: "1" }],
      "list-contacts": [{}, { fields: ["uuid"] }, { fields: "all", wait_for_previous: true }],
    };
    let count = 0;
    for (const { name, outputSchema } of tools) {
      const fits = ajv.compile(closed(outputSchema));
      for (const wanted of asked[name] ?? [{}, { _sessionID: "1" }]) {
        const { structuredContent } = await session.callTool({ name, arguments: wanted });
        assert(fits(structuredContent), `${name}: ${ajv.errorsText(fits.errors)}`);
        count += 1;
      }
      assert(!fits({ other: 1 }), name);
    }
    return `${count} results of ${tools.length} tools, with no member that no schema has`;
  } finally {
    await session.close();
  }
}

async function aiSdk(server) {
  const { createMCPClient } = await import("@ai-sdk/mcp");
  const { Experimental_StdioMCPTransport: Stdio } = await import("@ai-sdk/mcp/mcp-stdio");
  const { asSchema } = await import("ai");
  const session = await createMCPClient({ transport: new Stdio(server) });
  try {
    const tools = await session.tools();
    for (const [name, tool] of Object.entries(tools)) {
      const schema = await asSchema(tool.inputSchema).jsonSchema;
      assert.equal(schema.type, "object", name);
    }
    const called = { toolCallId: "1", messages: [] };
    const result = await tools["list-contacts"].execute({}, called);
    assert(!result.isError && result.structuredContent.contacts.length > 0, JSON.stringify(result));
    return `${Object.keys(tools).length} tools, one called`;
  } finally {
    await session.close();
  }
}

const cache = mkdtempSync(join(tmpdir(), "twochat-"));
const mock = spawn(twochat, ["mock", "--key", KEY], { stdio: ["ignore", "pipe", "inherit"] });
try {
  const { value: base } = await createInterface(mock.stdout)[Symbol.asyncIterator]().next();
  const env = { TWOCHAT_BASE_URL: base, TWOCHAT_API_KEY: KEY, XDG_CACHE_HOME: cache };
  const check = { ajv, cursor, "ai-sdk": aiSdk }[client];
  console.log(await check({ command: twochat, args: ["mcp"], env }));
} finally {
  mock.kill();
  rmSync(cache, { recursive: true, force: true });
}
