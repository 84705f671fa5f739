// A client made with the official TypeScript SDK, version 1 or 2, as its authors
// mean it to be used: the transport is given an OAuthClientProvider and does the
// rest.
//
//   typescript.mjs 1|2 MCP-URL CALLBACK-URL
//
// It writes one JSON object a line: {"open": URL} when a person has to go to the
// browser, after which it reads the address that the browser was sent back to as
// one line, and at the end {"first": …, "second": …, "third": …, "fourth": …}.
import { createInterface } from 'node:readline';

const [generation, server, redirectUrl] = process.argv.slice(2);
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = generation === '2'
  ? await import('@modelcontextprotocol/client')
  : Object.assign({}, ...await Promise.all(['index', 'streamableHttp', 'auth'].map((name) => import(`@modelcontextprotocol/sdk/client/${name}.js`))));

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');

// What the client keeps, as on a disk.
const kept = {};
const provider = {
  redirectUrl,
  clientMetadata: { client_name: `TypeScript SDK ${generation}`, redirect_uris: [redirectUrl], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' },
  state: () => (kept.state = crypto.randomUUID()),
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  discoveryState: () => kept.discovery,
  saveDiscoveryState: (discovery) => { kept.discovery = discovery; },
  redirectToAuthorization: (url) => say({ open: String(url) }),
  invalidateCredentials: (what) => { if (what === 'all' || what === 'tokens') delete kept.tokens; if (what === 'all' || what === 'client') delete kept.client; },
};

// act does something with a connection, and goes through the browser when that is
// what it takes.
async function act(what) {
  for (;;) {
    const transport = new StreamableHTTPClientTransport(new URL(server), { authProvider: provider });
    const client = new Client({ name: 'login-tests', version: '1' });
    try {
      await client.connect(transport);
      return await what(client);
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      const answer = new URL((await input.next()).value).searchParams;
      if (answer.get('state') !== kept.state) throw new Error('the state is another');
      await (generation === '2' ? transport.finishAuth(answer) : transport.finishAuth(answer.get('code')));
    } finally {
      await client.close();
    }
  }
}

const names = async (client) => (await client.listTools()).tools.map((tool) => tool.name).sort();
const upsert = async (client) => {
  const result = await client.callTool({ name: 'node_upsert', arguments: { kind: 'BuiltinTag', data: { name: `typescript-${generation}` } } });
  if (result.isError) throw new Error(result.content[0].text);
  return result.structuredContent.branch;
};

const result = { first: await act(names) };
if (generation === '1') {
  // Version 1 answers a missing scope with a refresh, which never adds one; its
  // users have to log in again.
  await act(upsert).then(() => { throw new Error('the scope was not missing'); }, (error) => { if (error.code !== 403) throw error; });
  provider.invalidateCredentials('tokens');
}
result.second = await act(upsert);
result.third = await act(names);

// A token that is refused is refreshed without a person.
const before = kept.tokens;
kept.tokens = { ...before, access_token: before.access_token.slice(0, -4) };
result.fourth = await act(names);
result.rotated = kept.tokens.refresh_token !== before.refresh_token;
say(result);
process.exit(0);
