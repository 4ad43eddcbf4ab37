import assert from 'node:assert/strict';
import { type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ExceptionAnswer } from '../../src/api/contract/index.ts';
import {
  type ApiAnswer,
  assertRefused,
  type ExceptionHouse,
  endOfTunnel,
  startExceptionHouse,
  waitForException,
} from '../support/exception-house.ts';
import { openGrantDesk } from '../support/grant-desk.ts';
import { runExeat, waitFor } from '../support/product.ts';

// Break-glass with real processes: by one enrolled key while control is there, by two at the point while it is not. Its clocks are seconds.

const acknowledgeMs = 3_000;
const tiers = `apiVersion: exeat/v1
owner: team-security
tiers:
  break-glass: { longest: 10m, acknowledgeWithin: ${acknowledgeMs / 1_000}s, reviewWithin: 12s }
`;
const hosts = ['fire.example', 'second.example', 'acknowledged.example', 'offline.example'];

let house: ExceptionHouse;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-break-glass-'));
  house = await startExceptionHouse({
    people: [
      { id: 'ana', roles: ['requester'], hasKey: true },
      { id: 'ben', roles: ['approver'], hasKey: true },
      { id: 'cyn', roles: ['security'], hasKey: true },
      { id: 'eve', roles: ['auditor'] },
    ],
    policy: { 'tiers.yaml': tiers },
    config: { hosts: Object.fromEntries(hosts.map((host) => [host, '127.0.0.1'])) },
  });
});
after(async () => {
  await house?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function keyOf(person: string): { readonly id: string; readonly privateKey: KeyObject } {
  return house.accountOf(person).key ?? assert.fail(`${person} has no key`);
}

/** The private key of somebody in a file, as the command line takes it. */
function keyFile(person: string): string {
  const path = join(folder, `${person}.pem`);
  writeFileSync(path, keyOf(person).privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return path;
}

/** Declares as a program does: a challenge, a document, a signature. */
async function declare(
  person: string,
  host: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<ApiAnswer<ExceptionAnswer>> {
  const { id, privateKey } = keyOf(person);
  const asked = await house.call<{ readonly nonce: string }>(null, '/break-glass/challenge', { body: { key: id } });
  const { nonce } = asked.body;
  const fields = { for: 60, key: id, nonce, reason: 'payments stand still', service: 'story', to: house.to(host) };
  const document = canonical({ ...fields, ...changes });
  const signature = sign(null, Buffer.from(`exeat-break-glass-v1\n${document}`), privateKey).toString('base64');
  return house.call(null, '/break-glass', { body: { key: id, document, signature } });
}

function canonical(fields: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}

describe('break-glass with control', () => {
  let first: ExceptionAnswer;

  test('is never opened with a token', async () => {
    const { secret } = house.accountOf('ana');
    const body = { key: house.accountOf('ana').tokenId, document: '{}', signature: 'A'.repeat(88) };
    const headers = { authorization: `Bearer ${secret}` };
    const refusal = { status: 403, code: 'break_glass_not_enrolled', by: null };
    await assertRefused(house, () => house.call('ana', '/break-glass', { body, headers }), refusal);
  });

  test('opens at once by an enrolled key, and ends after its first step when nobody stands by it', async () => {
    const args = ['break-glass', 'open', '--service', 'story', '--to', house.to('fire.example'), '--for', '1m'];
    const how = ['--reason', 'payments stand still, INC-4711', '--key', keyFile('ana'), '--key-id', keyOf('ana').id];
    const where = ['--config', house.story.product.configPath, '-o', 'json'];
    const { code, stdout, stderr } = await runExeat([...args, ...how, ...where], { env: { EXEAT_API: house.api } });
    assert.equal(code, 0, stderr);
    first = JSON.parse(stdout) as ExceptionAnswer;
    assert.deepEqual([first.kind, first.status, first.requester], ['break-glass', 'active', 'ana']);
    const startMs = Date.parse(first.notBefore ?? '');
    const endMs = Date.parse(first.notAfter ?? '');
    assert.equal(endMs - startMs, acknowledgeMs);
    // The command itself takes a while to end; what is left of the step is enough to see that it is open.
    await waitForException(house, first.id, ({ status }) => status === 'expired', acknowledgeMs + 5_000);
    assert.equal(await house.reasonOf('fire.example'), 'grant_expired');
    const late = await house.call('ben', `/exceptions/${first.id}/acknowledge`, { body: {} });
    assert.deepEqual([late.status, late.code], [409, 'acknowledge_late']);
  });

  test('cuts its live tunnel at the end of the first step', async () => {
    const declared = await declare('cyn', 'second.example');
    assert.equal(declared.status, 201, JSON.stringify(declared.body));
    const tunnel = await house.tunnel('second.example');
    const endMs = Date.parse(declared.body.notAfter ?? '');
    const end = await endOfTunnel(house.story, tunnel, performance.now() + endMs - Date.now());
    assert.ok(end.tookMs > -50 && end.tookMs < 1_000, `${end.tookMs} ms after its first step`);
    assert.deepEqual([end.reason, end.grantId], ['grant_expired', declared.body.id]);
  });

  test('blocks the next one of the same person until it is reviewed, and of the same place when the review is overdue', async () => {
    await assertRefused(house, () => declare('ana', 'acknowledged.example'), {
      status: 409,
      code: 'break_glass_unacknowledged',
      by: 'ana',
    });
    await waitForException(house, first.id, ({ reviewStatus }) => reviewStatus === 'review_overdue', 20_000);
    for (const person of ['ana', 'ben']) {
      await assertRefused(house, () => declare(person, 'fire.example'), {
        status: 409,
        code: 'review_overdue',
        by: person,
      });
    }
    const own = await house.call('cyn', `/exceptions/${first.id}/review`, { body: { outcome: 'ok' } });
    assert.deepEqual([own.status, own.body['reviewStatus']], [200, 'reviewed'], JSON.stringify(own.body));
    const next = await declare('ana', 'fire.example');
    assert.equal(next.status, 201, JSON.stringify(next.body));
    await house.call('ana', `/exceptions/${next.body.id}/revoke`, { body: { reason: 'it was a rehearsal' } });
  });

  test('goes on when a second person acknowledges it, and not when the first one does', async () => {
    const declared = await declare('ben', 'acknowledged.example');
    assert.equal(declared.status, 201, JSON.stringify(declared.body));
    const { id, notAfter } = declared.body;
    const path = `/exceptions/${id}/acknowledge`;
    const self = await house.call('ben', path, { body: {} });
    assert.deepEqual([self.status, self.code], [403, 'self_acknowledge']);
    const acknowledged = await house.call<ExceptionAnswer>('cyn', path, { body: {} });
    assert.equal(acknowledged.status, 200, JSON.stringify(acknowledged.body));
    assert.equal(Date.parse(acknowledged.body.notAfter ?? '') - Date.parse(acknowledged.body.notBefore ?? ''), 60_000);
    await new Promise((resolve) => setTimeout(resolve, Date.parse(notAfter ?? '') - Date.now() + 200));
    assert.equal(await house.reasonOf('acknowledged.example'), 'open');
    await house.call('ben', `/exceptions/${id}/revoke`, { body: { reason: 'the fire is out' } });
    assert.equal(await house.reasonOf('acknowledged.example'), 'grant_revoked');
  });

  for (const [attack, changes, status, code] of [
    ['a wildcard', { to: '*.wide.example:443' }, 422, 'break_glass_wide'],
    ['several ports', { to: 'wide.example:443,8443' }, 422, 'break_glass_wide'],
    ['longer than the tier', { for: 601 }, 422, 'duration_over_tier'],
    ['a metadata address', { to: '169.254.169.254:80' }, 422, 'boundary'],
    ['an unknown service', { service: 'nobody' }, 422, 'unknown_service'],
  ] as const) {
    test(`is refused for ${attack}`, async () => {
      await assertRefused(house, () => declare('ben', 'wide.example', changes), { status, code, by: 'ben' });
    });
  }

  test('is refused with a nonce of somebody else, a nonce that was used, and a signature over something else', async () => {
    const refusal = { status: 403, code: 'break_glass_not_enrolled', by: null };
    await assertRefused(house, () => declare('ben', 'wide.example', { nonce: 'made-up' }), refusal);
    await assertRefused(house, () => declare('ben', 'wide.example', { key: keyOf('ana').id }), refusal);
    const { id, privateKey } = keyOf('ben');
    const asked = await house.call<{ readonly nonce: string }>(null, '/break-glass/challenge', { body: { key: id } });
    const fields = { for: 60, key: id, reason: 'payments stand still', service: 'story', to: 'wide.example:443' };
    const document = canonical({ ...fields, nonce: asked.body.nonce });
    const bare = sign(null, Buffer.from(document), privateKey).toString('base64');
    await assertRefused(
      house,
      () => house.call(null, '/break-glass', { body: { key: id, document, signature: bare } }),
      refusal,
    );
  });
});

describe('break-glass while control is gone', () => {
  test('opens by two keys at the point, and control learns of it when it is back', async () => {
    const { product } = house.story;
    const authority = house.to('offline.example');
    const desk = await openGrantDesk(product);
    const control = await holdControlDown();
    const offline = join(folder, 'open.json');
    let grantId: string;
    try {
      const challenge = join(folder, 'challenge.json');
      const asked = await product.run('break-glass', 'challenge', '-o', 'json');
      assert.equal(asked.code, 0, asked.stderr);
      writeFileSync(challenge, asked.stdout);
      const what = ['--challenge', challenge, '--service', 'story', '--to', authority, '--for', '10m'];
      const why = ['--reason', 'control is gone, payments stand still'];
      await product.run(...['break-glass', 'sign', '--document', offline, ...what, ...why, ...signer('ana')]);
      const apply = (): Promise<unknown> => desk.ask('break-glass-apply', JSON.parse(readFileSync(offline, 'utf8')));
      await assert.rejects(apply(), /1 of 2 people have signed it/);
      assert.equal(await house.reasonOf('offline.example'), 'no_rule_matched');
      const second = await product.run('break-glass', 'sign', '--document', offline, ...signer('ben'));
      assert.equal(second.code, 0, second.stderr);
      const applied = await product.run('break-glass', 'apply', offline, '-o', 'json');
      assert.equal(applied.code, 0, applied.stderr);
      grantId = (JSON.parse(applied.stdout) as { readonly grantId: string }).grantId;
      const tunnel = await house.tunnel('offline.example');
      tunnel.close();
      await assert.rejects(apply(), /its nonce was not given by this point, is older than 10 minutes or was used/);
    } finally {
      control.letGo();
    }
    const learned = await waitFor(
      async () => {
        const shown = await house.call<ExceptionAnswer>('eve', `/exceptions/${grantId}`).catch(() => null);
        return shown?.status === 200 && shown.body;
      },
      'control, and what it learned',
      60_000,
    );
    assert.deepEqual([learned.kind, learned.status, learned.service], ['break-glass', 'active', 'story']);
    const [act] = await house.acts(`subject=exception/${grantId}`);
    assert.equal(act?.action, 'exception.learned');
    const used = act?.details['offline'] as { readonly signers: readonly string[] };
    assert.deepEqual(used.signers, ['ana', 'ben']);
    assert.equal(await house.reasonOf('offline.example'), 'open');
    const listed = await house.call<{ readonly items: readonly ExceptionAnswer[] }>('eve', '/exceptions?limit=5');
    assert.ok(listed.body.items.some(({ id }) => id === grantId));
    // And it is ended like any other one.
    const revoked = await house.call('cyn', `/exceptions/${grantId}/revoke`, { body: { reason: 'control is back' } });
    assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
    assert.equal(await house.reasonOf('offline.example'), 'grant_revoked');
  });
});

function signer(person: string): readonly string[] {
  return ['--key', keyFile(person), '--key-id', keyOf(person).id];
}

/** Kills control, and keeps it from coming back until it is let go: a file that it needs is damaged. */
async function holdControlDown(): Promise<{ letGo(): void }> {
  const { product } = house.story;
  const path = join(product.state, 'control', 'pending-acts.json');
  const whole = readFileSync(path, 'utf8');
  writeFileSync(path, `held down by a test\n${whole.slice(20)}`);
  process.kill(product.report.pids.control ?? 0, 'SIGKILL');
  await waitFor(async () => (await fetch(`${house.api}/healthz`).catch(() => null)) === null, 'the end of control');
  return { letGo: () => writeFileSync(path, whole) };
}
