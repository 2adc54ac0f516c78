// Webhooks as a receiver sees them whose signatures are checked by a library that is not ours.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { start } from './support/service.js';

/** Takes what comes, as bytes, with the status to answer. */
const receiver = async (t) => {
  const got = [];
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => { got.push({ headers: request.headers, body: Buffer.concat(parts).toString() }); response.writeHead(204).end(); });
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { got, url: `http://127.0.0.1:${server.address().port}/hook` };
};

const until = async (what, is) => {
  for (let turn = 0; !is(); turn += 1) {
    assert.ok(turn < 300, what);
    await pause(100);
  }
};

test('signatures are those of Standard Webhooks, also while the secret changes', async (t) => {
  const { base, client, unit, command, end } = await start({ KARTLEGGING_WEBHOOK_LOOPBACK: 'true' });
  t.after(async () => assert.equal(await end(), ''));
  const { got, url } = await receiver(t);
  // The one whose client the demo gives a token of.
  const [organization] = command('organization', 'list').split('\n').find((line) => line.includes('Solfjord')).split(' ');
  const [id, first] = command('webhook', 'add', '--organization', organization, '--url', url).split('\n');
  const invite = async () => {
    const patient = { name: 'Kari Oppdiktet', birth_date: '1961-04-17' };
    const starts = new Date(Date.now() + 9 * 86_400_000).toISOString().replace(/\.\d+/, '');
    const headers = { authorization: `Bearer ${client}`, 'idempotency-key': randomUUID(), 'content-type': 'application/json' };
    const answer = await fetch(`${base}/api/v1/invitations`, { method: 'POST', headers, body: JSON.stringify({ patient, appointment: { starts_at: starts, unit } }) });
    assert.equal(answer.status, 201);
    return (await answer.json()).id;
  };
  const invitation = await invite();
  await until('a message came', () => got.length === 1);
  const told = new Webhook(first).verify(got[0].body, got[0].headers);
  assert.equal(told.type, 'invitation.issued');
  assert.equal(told.data.invitation, invitation);
  assert.deepEqual(Object.keys(told.data).sort(), ['appointment', 'invitation', 'organization', 'unit']);

  // Not with another body, id, time or secret.
  const { body, headers } = got[0];
  const refused = (secret, changed, sent) => assert.throws(() => new Webhook(secret).verify(sent, { ...headers, ...changed }), WebhookVerificationError);
  refused(first, {}, body.replace('issued', 'revoked'));
  refused(first, { 'webhook-id': randomUUID() }, body);
  refused(first, { 'webhook-timestamp': `${Number(headers['webhook-timestamp']) - 1}` }, body);

  const [same, second] = command('webhook', 'rotate', '--webhook', id).split('\n');
  assert.equal(same, id);
  refused(second, {}, body);
  await invite();
  await until('another message came', () => got.length === 2);
  for (const secret of [first, second]) assert.equal(new Webhook(secret).verify(got[1].body, got[1].headers).type, 'invitation.issued');
});
