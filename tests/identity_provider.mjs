// A certified OpenID provider (npm oidc-provider) with one client and made-up people, for the tests.
// Arguments: the redirect address of the client. Says its own address when it listens.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const people = new Map();
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'rebill', client_secret: 'a secret: with + signs', redirect_uris: [process.argv[2]] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    // Claims stand in the ID token itself, as with the providers that partners have.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ['only', 'for', 'tests'] },
    findAccount: (_context, id) => ({
      accountId: id,
      // Whoever signs in as "name+unverified" has an address that nobody checked.
      claims: () => ({
        sub: `subject of ${id}`,
        email: id.replace('+unverified', ''),
        email_verified: !id.includes('+unverified'),
      }),
    }),
  });
  server.on('request', provider.callback());
  console.log(`listens on ${issuer}`);
});
