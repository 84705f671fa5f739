// A client made with the official TypeScript SDK, version 1 or 2. It does what the
// plan says, one action after the other, and writes what came of each as one line
// of JSON. See plan_test.go.
//
//   typescript.mjs 1|2 PLAN
const [generation, text] = process.argv.slice(2);
const plan = JSON.parse(text);
const { Client, StreamableHTTPClientTransport, StdioClientTransport } = Object.assign({}, ...await Promise.all((generation === '2'
  ? ['@modelcontextprotocol/client', '@modelcontextprotocol/client/stdio']
  : ['index', 'streamableHttp', 'stdio'].map((name) => `@modelcontextprotocol/sdk/client/${name}.js`)).map((name) => import(name))));

const client = new Client({ name: `typescript-${generation}`, version: '1' },
  generation === '2' ? { versionNegotiation: { mode: plan.modern ? 'auto' : 'legacy' } } : {});
const transport = plan.url
  ? new StreamableHTTPClientTransport(new URL(plan.url))
  : new StdioClientTransport({ command: plan.command[0], args: plan.command.slice(1), env: plan.env, stderr: 'inherit' });

// Version 1 tells the transport alone what was agreed on.
let agreed;
const setProtocolVersion = transport.setProtocolVersion?.bind(transport);
transport.setProtocolVersion = (version) => { agreed = version; setProtocolVersion?.(version); };

const call = (request, options) => generation === '2' ? client.callTool(request, options) : client.callTool(request, undefined, options);
const failure = (promise) => promise.then(() => { throw new Error('it was not refused'); }, (error) => error);
const textOf = (result) => result.content.map((part) => part.text).join('');

const actions = {
  async connect() {
    await client.connect(transport);
    const { name } = client.getServerVersion();
    return { version: client.getNegotiatedProtocolVersion?.() ?? agreed, server: name };
  },
  async list() {
    const { tools } = await client.listTools();
    const { resources } = await client.listResources();
    const { resourceTemplates } = await client.listResourceTemplates();
    const { prompts } = await client.listPrompts();
    const names = (items) => items.map((item) => item.name);
    return { tools: names(tools), resources: resources.map((r) => r.uri), templates: resourceTemplates.map((t) => t.uriTemplate), prompts: names(prompts) };
  },
  async call() {
    const result = await call(plan.call);
    return { text: textOf(result), structured: result.structuredContent };
  },
  async read() {
    const { contents } = await client.readResource({ uri: plan.read });
    return { text: contents[0].text };
  },
  async prompt() {
    const { messages } = await client.getPrompt(plan.prompt);
    return { text: messages[0].content.text };
  },
  async complete() {
    const { completion } = await client.complete({ ref: { type: 'ref/resource', uri: plan.complete.uri }, argument: { name: plan.complete.name, value: plan.complete.value } });
    return { values: completion.values };
  },
  async progress() {
    const progress = [], telling = [];
    await call(plan.progress, { onprogress: (p) => { progress.push(p); telling.push(fetch(plan.told)); } });
    await Promise.all(telling);
    return { progress };
  },
  async cancel() {
    const controller = new AbortController();
    const cancelled = failure(call(plan.cancel, { signal: controller.signal }));
    await fetch(plan.held);
    controller.abort('enough');
    const { message } = await cancelled;
    await fetch(plan.stopped);
    await client.listTools({}, { cacheMode: 'bypass' }); // the connection goes on
    return { failure: message };
  },
  async error() {
    const result = await call(plan.refused);
    const { code, message } = await failure(client.getPrompt(plan.unknown));
    return { text: textOf(result), refused: result.isError, code, failure: message };
  },
};
for (const [action, act] of Object.entries(actions)) {
  const outcome = await act().catch((error) => ({ error: String(error.stack ?? error) }));
  process.stdout.write(JSON.stringify({ action, ...outcome }) + '\n');
}
if (transport.terminateSession) await transport.terminateSession();
await client.close();
