// An OpenID provider other than Keycloak: the npm package oidc-provider, which has
// opaque access tokens, tells the e-mail address at the userinfo endpoint only, and
// gives out a refresh token to the client without a secret only.
//
//   provider.mjs PORT REDIRECT-URI
//
// Whoever logs in has the scopes that were asked for.
import Provider from 'oidc-provider';

const [port, redirectURI] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const client = (id, more) => ({ client_id: id, redirect_uris: [redirectURI], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], ...more });
const provider = new Provider(issuer, {
  clients: [
    client('confidential', { client_secret: 'marked-secret-of-the-client' }),
    client('public', { application_type: redirectURI.startsWith('https:') ? 'web' : 'native', token_endpoint_auth_method: 'none' }),
  ],
  scopes: ['openid', 'offline_access', 'email', 'profile', 'write'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  features: { revocation: { enabled: true } },
  pkce: { required: () => true },
  issueRefreshToken: async (_, { clientId }) => clientId === 'public', // and rotates them
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub, email: `${sub}@example.com`, email_verified: true }) }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
