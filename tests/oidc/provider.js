// A certified OpenID Connect provider (oidc-provider) in the profile of HelseID and ID-porten: pushed
// requests, PKCE, private_key_jwt, DPoP with a nonce, `iss` in the answer. For tests: no password, no
// TLS, keys of its own each time.
//
//     node provider.js FOLDER REDIRECT_URI LEAVE_URI [plain | ehr]
//
// writes the client's private key to FOLDER/client.pem, prints its address, and ends with its input. With
// `plain` it is one of the simple kind: a client secret (FOLDER/client.secret), RS256, nothing pushed or bound.
// With `ehr` it is an EHR that launches apps (SMART App Launch 2.2): `private_key_jwt` with ES384, bearer tokens,
// and a FHIR server at `/fhir`, with its smart-configuration and the patients it was given.
//
// - `POST /login/…` says who signs in: fields `sub`, `claims` (JSON), `acr`, or `abort`; at an EHR that launched
//   nothing also `patient`, who is chosen.
// - `POST /bend` with JSON: members of it replace claims of ID tokens from then on (`null` takes one away),
//   and the token is signed again with the provider's key; `"signature": "broken"` breaks it instead. Members of
//   its `answer` replace those of the token answer.
// - `POST /ehr` with JSON: `patients` by id, each a resource or the status that is answered instead; `launches`,
//   by the name of a launch the id of the patient who is open, or null; `configuration`, which replaces members of
//   the smart-configuration.
// - `POST /logout-token` with JSON: a token that says that a session is over, signed with the provider's key;
//   members of the JSON are its claims beside those that such a token always has.
// - `GET /asked`: how often each of its addresses was asked, what the last pushed request held, and head and
//   claims of the last assertion of a client.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Provider } from 'oidc-provider';

const [folder, redirect, leave, kind] = process.argv.slice(2);
const [plain, ehr] = [kind === 'plain', kind === 'ehr'];
// Written out while they are made and read again: Node 20 locks up for ever when the key that it exports as a
// JWK still belongs to the job that made it, and that job is collected meanwhile.
const made = (type, options) => generateKeyPairSync(type, {
  ...options, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const jwk = (key) => key.export({ format: 'jwk' });
const pair = (kid, bits = 256) => {
  const { privateKey: pem, publicKey } = made('ec', { namedCurve: `P-${bits}` });
  const named = { kid, alg: `ES${bits}`, use: 'sig' };
  return { pem, secret: { ...jwk(createPrivateKey(pem)), ...named }, open: { ...jwk(createPublicKey(publicKey)), ...named } };
};
const [client, own] = [pair('client-1', ehr ? 384 : 256), pair('provider-1')];
const secret = randomBytes(24).toString('base64');
writeFileSync(join(folder, 'client.pem'), client.pem, { mode: 0o600 });
writeFileSync(join(folder, 'client.secret'), `${secret}\n`, { mode: 0o600 });
const rsa = jwk(createPrivateKey(made('rsa', { modulusLength: 2048 }).privateKey));

const server = createServer();
await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
const issuer = `http://127.0.0.1:${server.address().port}`;

const people = new Map();
const claims = ['sub', 'sid', 'auth_time', 'acr', 'amr', 'pid', 'fhirUser', 'helseid://claims/hpr/hpr_number',
  'helseid://claims/identity/security_level', 'helseid://claims/client/claims/orgnr_parent', 'helseid://claims/client/claims/orgnr_child'];
const levels = ['idporten-loa-substantial', 'idporten-loa-high', 'Level3', 'Level4'];
const way = plain
  ? { token_endpoint_auth_method: 'client_secret_basic', client_secret: secret, id_token_signed_response_alg: 'RS256' }
  : ehr ? {
    token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES384', jwks: { keys: [client.open] },
    id_token_signed_response_alg: 'ES256',
  } : {
    token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks: { keys: [client.open] },
    id_token_signed_response_alg: 'ES256', require_pushed_authorization_requests: true, dpop_bound_access_tokens: true,
  };
const features = plain || ehr ? { pushedAuthorizationRequests: { enabled: false }, dPoP: { enabled: false } } : {
  pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
  dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
  fapi: { enabled: true, profile: '2.0' },
};
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'kartlegging', ...way, response_types: ['code'], grant_types: ['authorization_code'],
    redirect_uris: [redirect], post_logout_redirect_uris: [leave],
    // So that ID tokens name the session.
    backchannel_logout_uri: redirect.replace(/tilbake$/, 'ut'), backchannel_logout_session_required: true,
  }],
  jwks: { keys: [own.secret, { ...rsa, kid: 'provider-2', alg: 'RS256', use: 'sig' }] },
  ...(ehr ? { scopes: ['openid', 'fhirUser', 'launch', 'launch/patient', 'patient/Patient.r'], extraParams: ['aud', 'launch'] } : {}),
  claims: { openid: claims }, conformIdTokenClaims: false, acrValues: levels,
  pkce: { required: () => true }, clientAuthMethods: ['private_key_jwt', 'client_secret_basic'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'ES384', 'PS256'], idTokenSigningAlgValues: ['ES256', 'PS256', 'RS256'], dPoPSigningAlgValues: ['ES256'] },
  features: {
    ...features,
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource: (ctx, form) => { ctx.body = `<!doctype html><html lang="en"><title>Out?</title>${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button></html>`; } },
  },
  findAccount: (_, id) => (people.has(id) ? { accountId: id, claims: () => ({ sub: id, ...people.get(id) }) } : undefined),
  interactions: { url: (_, { uid }) => `/login/${uid}` },
  ttl: { AuthorizationCode: 60, AccessToken: 60, IdToken: 120, Session: 1800, Grant: 1800, Interaction: 600, PushedAuthorizationRequest: 60 },
  cookies: { keys: ['of the tests'] }, renderError: (ctx, out) => { ctx.type = 'json'; ctx.body = out; },
});

let bend = null;
const asked = { paths: {}, pushed: null, assertion: null };
// What the EHR knows: patients, launches, and by grant who is open.
const records = { patients: {}, launches: {}, configuration: {} };
const open = new Map();
const configuration = () => ({
  issuer, jwks_uri: `${issuer}/jwks`, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`,
  grant_types_supported: ['authorization_code'], scopes_supported: ['openid', 'fhirUser', 'launch', 'launch/patient', 'patient/Patient.r'],
  response_types_supported: ['code'], token_endpoint_auth_methods_supported: ['private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ['ES384'], code_challenge_methods_supported: ['S256'],
  capabilities: ['launch-ehr', 'launch-standalone', 'client-confidential-asymmetric', 'sso-openid-connect', 'context-ehr-patient',
    'context-standalone-patient', 'permission-patient', 'permission-v2'],
  ...records.configuration,
});
// Gives the open patient to who has the token for it, and nobody else.
const read = async (ctx) => {
  const token = await provider.AccessToken.find((ctx.get('authorization').match(/^Bearer (.+)$/) ?? [])[1] ?? '');
  const id = ctx.path.slice('/fhir/Patient/'.length);
  const found = records.patients[id];
  if (!token) ctx.status = 401;
  else if (!token.scope?.split(' ').includes('patient/Patient.r') || open.get(token.grantId) !== id) ctx.status = 403;
  else if (!found || typeof found === 'number') ctx.status = found || 404;
  else { ctx.type = 'application/fhir+json'; ctx.body = typeof found === 'string' ? found : JSON.stringify(found); }
};
const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const bent = (token) => {
  const [head, body] = token.split('.');
  const { signature, answer, ...changes } = bend;
  const changed = { ...JSON.parse(Buffer.from(body, 'base64url')), ...changes };
  for (const [name, value] of Object.entries(changes)) if (value === null) delete changed[name];
  const text = `${head}.${part(changed)}`;
  const signed = sign('sha256', Buffer.from(text), { key: createPrivateKey(own.pem), dsaEncoding: 'ieee-p1363' });
  if (signature === 'broken') signed[5] ^= 1;
  return `${text}.${signed.toString('base64url')}`;
};
const text = (request) => new Promise((done) => { let all = ''; request.on('data', (part) => { all += part; }); request.on('end', () => done(all)); });

provider.use(async (ctx, next) => {
  const path = ctx.path.replace(/^\/(login|auth|fhir\/Patient)\/.+/, '/$1/…');
  asked.paths[path] = (asked.paths[path] ?? 0) + 1;
  if (ctx.path === '/asked') { ctx.body = asked; return; }
  if (ctx.path === '/bend') { bend = JSON.parse(await text(ctx.req)); ctx.body = {}; return; }
  if (ehr && ctx.path === '/ehr') { Object.assign(records, JSON.parse(await text(ctx.req))); ctx.body = {}; return; }
  if (ehr && ctx.path === '/fhir/.well-known/smart-configuration') { ctx.body = configuration(); return; }
  if (ehr && ctx.path.startsWith('/fhir/Patient/')) { await read(ctx); return; }
  if (ctx.path === '/logout-token') {
    const now = Math.floor(Date.now() / 1000);
    const usual = {
      iss: issuer, aud: 'kartlegging', iat: now, exp: now + 120, jti: randomBytes(9).toString('base64url'),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    };
    const claims = { ...usual, ...JSON.parse(await text(ctx.req)) };
    for (const [name, value] of Object.entries(claims)) if (value === null) delete claims[name];
    const unsigned = `${part({ alg: 'ES256', kid: 'provider-1', typ: 'logout+jwt' })}.${part(claims)}`;
    const signed = sign('sha256', Buffer.from(unsigned), { key: createPrivateKey(own.pem), dsaEncoding: 'ieee-p1363' });
    ctx.body = `${unsigned}.${signed.toString('base64url')}`;
    return;
  }
  if (ctx.path.startsWith('/login/')) {
    const { params } = await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method === 'GET') {
      ctx.type = 'html';
      ctx.body = '<!doctype html><html lang="en"><title>Who?</title><form method="post"><label>Name <input name="sub" value="person-1"></label>'
        + '<label>Claims <input name="claims" value="{}"></label><label>Level <input name="acr"></label><button>Sign in</button></form>';
      return;
    }
    const said = new URLSearchParams(await text(ctx.req));
    ctx.respond = false;
    // A launch is one of this EHR's, for its own server; without one a patient is chosen here.
    const launched = params.launch !== undefined;
    if (ehr && (params.aud !== `${issuer}/fhir` || (launched && !(params.launch in records.launches)))) {
      await provider.interactionFinished(ctx.req, ctx.res, { error: 'invalid_request', error_description: 'launch' });
      return;
    }
    if (said.get('abort')) { await provider.interactionFinished(ctx.req, ctx.res, { error: 'access_denied', error_description: 'aborted' }); return; }
    const accountId = said.get('sub');
    people.set(accountId, JSON.parse(said.get('claims') ?? '{}'));
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope(ehr ? params.scope : 'openid');
    const login = { accountId, acr: said.get('acr') ?? undefined, remember: false };
    const grantId = await grant.save();
    const scopes = (params.scope ?? '').split(' ');
    if (launched && scopes.includes('launch')) open.set(grantId, records.launches[params.launch]);
    if (!launched && scopes.includes('launch/patient')) open.set(grantId, said.get('patient'));
    await provider.interactionFinished(ctx.req, ctx.res, { login, consent: { grantId } }, { mergeWithLastSubmission: false });
    return;
  }
  await next();
  if (ctx.path === '/request' && ctx.oidc?.params) asked.pushed = { ...ctx.oidc.params };
  const assertion = ctx.oidc?.params?.client_assertion;
  if (assertion) asked.assertion = assertion.split('.').slice(0, 2).map((one) => JSON.parse(Buffer.from(one, 'base64url')));
  if (ctx.path !== '/token' || !ctx.body?.id_token) return;
  const patient = open.get(ctx.oidc.entities.AuthorizationCode?.grantId);
  if (patient) ctx.body = { ...ctx.body, patient, need_patient_banner: false };
  if (bend) ctx.body = { ...ctx.body, id_token: bent(ctx.body.id_token), ...bend.answer };
});
for (const event of ['server_error', 'pushed_authorization_request.error', 'grant.error', 'authorization.error']) {
  provider.on(event, (_, error) => console.error(event, error.message, error.error_description ?? ''));
}
server.on('request', provider.callback());
console.log(issuer);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
