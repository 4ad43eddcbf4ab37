import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { askConnect, openTunnel, type ProxyAnswer, proofOf } from '../support/ask-proxy.ts';
import { type EchoOrigin, startTcpEcho, startTlsEcho } from '../support/echo-origins.ts';
import { type ParentProxy, startParentProxy } from '../support/parent-proxy.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { connectHead, openRaw } from '../support/raw-client.ts';

// Loopback is reached by rules only, so what observation lets through goes by a parent proxy, as in a first rollout behind Squid.
const names = ['listed.example', 'unlisted.example', 'front.example', 'own-deny.example', 'paste.example'];
const dayMs = 86_400_000;
let tls: EchoOrigin & { readonly caPem: string };
let tcp: EchoOrigin;
let parent: ParentProxy;
let product: RunningProduct;

before(async () => {
  tls = await startTlsEcho(names);
  tcp = await startTcpEcho();
  parent = await startParentProxy((authority) => (authority.startsWith('mail.') ? tcp.port : tls.port));
  product = await startProduct({
    policy: { 'story.yaml': policy() },
    credentials: ['watched', 'strict'],
    config: { upstreamProxy: `http://127.0.0.1:${parent.port}` },
  });
});
after(async () => {
  await product?.stop();
  await Promise.all([parent?.close(), tls?.close(), tcp?.close()]);
});

function ask(authority: string, credential: string | null = 'watched'): Promise<ProxyAnswer> {
  const proof = credential === null ? null : proofOf(product, credential);
  return askConnect({ port: product.proxyPort, authority, proof });
}

/** The verdict record of a destination. */
async function verdictOn(host: string, isWanted: (record: VerdictRecord) => boolean): Promise<VerdictRecord> {
  const isMine = (record: DecisionRecord): record is VerdictRecord =>
    record.kind === 'verdict' && record.destination?.host === host && isWanted(record);
  return (await product.waitForRecord(isMine)) as VerdictRecord;
}

describe('a service under observe', () => {
  test('reaches what no rule covers, and the record says that enforce would refuse it', async () => {
    assert.equal((await ask('unlisted.example:443')).status, 200);
    const record = await verdictOn('unlisted.example', ({ stage }) => stage === 'name');
    assert.deepEqual(
      [record.verdict, record.reason, record.wouldDeny, record.wouldDenyReason, record.mode],
      ['allow', 'observed', true, 'no_rule_matched', 'observe'],
    );
  });

  test('reaches what its own deny names, and the record says so', async () => {
    assert.equal((await ask('own-deny.example:443')).status, 200);
    const record = await verdictOn('own-deny.example', ({ stage }) => stage === 'name');
    assert.deepEqual([record.reason, record.wouldDenyReason], ['observed', 'rule_denied']);
    assert.deepEqual(record.ruleIds, ['watched/deny/own-deny.example:*']);
  });

  test('reaches what a rule covers as under enforce', async () => {
    assert.equal((await ask('listed.example:443')).status, 200);
    const record = await verdictOn('listed.example', ({ stage }) => stage === 'name');
    assert.deepEqual([record.reason, record.wouldDeny], ['rule_matched', false]);
  });

  for (const [what, authority, reason] of [
    ['a name that the boundary denies', 'paste.example:443', 'boundary_denied'],
    ['a metadata address', '169.254.169.254:80', 'boundary_denied'],
    ['a metadata name', 'metadata.google.internal:80', 'boundary_denied'],
    ['loopback', '127.0.0.1:80', 'boundary_denied'],
    ['an odd spelling', '0x7f000001:80', 'authority_malformed'],
    ['a private address', '10.1.2.3:443', 'address_forbidden'],
  ] as const) {
    test(`still does not reach ${what}`, async () => {
      const seen = parent.asked.length;
      const answer = await ask(authority);
      assert.equal(answer.reason, reason);
      assert.equal(answer.status, reason === 'authority_malformed' ? 400 : 403);
      assert.equal(parent.asked.length, seen, 'nothing was dialled');
    });
  }

  test('a mismatched server name is judged as a destination of its own: remarked upon when nothing forbids it', async () => {
    const open = await openTunnel({
      port: product.proxyPort,
      authority: 'listed.example:443',
      proof: proofOf(product, 'watched'),
      serverName: 'front.example',
      caPem: tls.caPem,
    });
    await open.echo('through the front');
    open.close();
    const record = await verdictOn('front.example', ({ stage }) => stage === 'sni');
    assert.deepEqual([record.verdict, record.wouldDeny, record.wouldDenyReason], ['allow', true, 'sni_mismatch']);
  });

  test('a mismatched server name that the boundary denies is cut', async () => {
    const opening = openTunnel({
      port: product.proxyPort,
      authority: 'listed.example:443',
      proof: proofOf(product, 'watched'),
      serverName: 'paste.example',
      caPem: tls.caPem,
    });
    await assert.rejects(opening);
    const record = await verdictOn('paste.example', ({ stage }) => stage === 'sni');
    assert.deepEqual([record.verdict, record.reason], ['deny', 'boundary_denied']);
  });

  test('first bytes that are no hello pass with a remark, and a server may speak first', async () => {
    const client = await openRaw(product.proxyPort);
    client.send(connectHead('mail.example:25', { proof: proofOf(product, 'watched') }));
    assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    client.send('EHLO story.example\r\n');
    await client.readUntil(/EHLO story\.example/);
    client.close();
    const record = await verdictOn('mail.example', ({ stage }) => stage === 'sni');
    assert.deepEqual([record.verdict, record.wouldDenyReason], ['allow', 'hello_missing']);
  });

  test('a service under enforce beside it is refused the same', async () => {
    assert.deepEqual((await ask('unlisted.example:443', 'strict')).reason, 'no_rule_matched');
  });
});

test('a source without an identity is let through as unattributed until the date, and listed in the status', async () => {
  const answer = await ask('unlisted.example:8443', null);
  assert.deepEqual([answer.status, answer.reason], [407, 'proof_required'], 'no range maps the source yet');
  await product.changePolicy('unattributed.yaml', unattributed(Date.now() + 20 * dayMs));
  assert.equal((await ask('unlisted.example:8443', null)).status, 200);
  const record = await verdictOn('unlisted.example', ({ principal }) => principal?.service === 'unattributed');
  assert.deepEqual([record.verdict, record.wouldDeny, record.principal?.strength], ['allow', true, 'network']);
  assert.equal((await ask('paste.example:443', null)).reason, 'boundary_denied');
  const status = JSON.parse((await product.run('status', '-o', 'json')).stdout) as {
    point: { unattributedUntil: string | null };
  };
  assert.notEqual(status.point.unattributedUntil, null);
  await product.changePolicy('unattributed.yaml', null);
  assert.equal((await ask('unlisted.example:8443', null)).status, 407);
});

test('past its own date an unattributed source is cut, though another document ends later', async () => {
  const untilMs = Math.ceil((Date.now() + 2_500) / 1000) * 1000;
  const later = unattributed(Date.now() + 20 * dayMs, '127.99.0.0/16');
  await product.changePolicy('unattributed.yaml', `${unattributed(untilMs)}---\n${later}`);
  const goes = await openTunnel({
    port: product.proxyPort,
    proof: null,
    caPem: tls.caPem,
    authority: 'unlisted.example:443',
  });
  const cutAt = await goes.ended;
  const tookMs = cutAt - (performance.now() + untilMs - Date.now());
  assert.ok(tookMs > -100 && tookMs < 1_000, `${tookMs} ms after the date`);
  await product.changePolicy('unattributed.yaml', null);
});

test('past its end observation is enforcement, by the clock: for new requests and for live tunnels', async () => {
  const untilMs = Math.ceil((Date.now() + 2_500) / 1000) * 1000;
  await product.changePolicy('story.yaml', policy(untilMs));
  const ask443 = { port: product.proxyPort, proof: proofOf(product, 'watched'), caPem: tls.caPem };
  const goes = await openTunnel({ ...ask443, authority: 'unlisted.example:443' });
  const stays = await openTunnel({ ...ask443, authority: 'listed.example:443' });
  const cutAt = await goes.ended;
  const tookMs = cutAt - (performance.now() + untilMs - Date.now());
  assert.ok(tookMs > -100 && tookMs < 1_000, `${tookMs} ms after the end`);
  const record = await verdictOn(
    'unlisted.example',
    ({ stage, source }) => stage === 'recheck' && source === goes.source,
  );
  assert.equal(record.verdict, 'deny');
  const close = await product.waitForRecord((each) => each.kind === 'close' && each.flow === record.flow);
  assert.deepEqual([record.reason, close.kind === 'close' && close.endedBy], ['policy_changed', 'policy_changed']);
  await stays.echo('a rule covers this one');
  stays.close();
  assert.equal((await ask('unlisted.example:443')).reason, 'no_rule_matched');
  assert.equal((await ask('listed.example:443')).status, 200);
});

function policy(untilMs = Date.now() + 10 * dayMs): string {
  return `apiVersion: exeat/v1
service: watched
owner: team-story
kind: app
mode: observe
observeUntil: ${instant(untilMs)}
identities: [ "credential:watched" ]
allow:
  - { to: "listed.example:443", reason: known already }
deny:
  - { to: "own-deny.example:*", reason: never under enforce }
---
apiVersion: exeat/v1
service: strict
owner: team-story
kind: app
mode: enforce
identities: [ "credential:strict" ]
allow:
  - { to: "listed.example:443", reason: known already }
---
apiVersion: exeat/v1
owner: team-security
boundary:
  deny: [ { to: "paste.example:*", reason: paste sites } ]
`;
}

function unattributed(untilMs: number, source = '127.0.0.0/8'): string {
  return `apiVersion: exeat/v1
owner: team-network
unattributed: { sources: [ ${source} ], until: ${instant(untilMs)}, reason: first rollout }
`;
}

function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
