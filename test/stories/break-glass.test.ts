import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { BreakGlassRecord } from '../../src/policy/index.ts';
import { type GrantDesk, openGrantDesk, storyGrant } from '../support/grant-desk.ts';
import { waitFor } from '../support/product.ts';
import { type RawStory, startRawStory } from '../support/raw-story.ts';

// Break-glass at a point whose control is down: two people sign what the point asked for.

interface Challenge {
  readonly pointId: string;
  readonly nonce: string;
  readonly now: number;
}

let story: RawStory;
let desk: GrantDesk;
let to: string;
const keys = new Map<string, KeyObject>();

before(async () => {
  story = await startRawStory({ config: { hosts: { 'granted.example': '127.0.0.1' } } });
  const enrolled = (['ana-1', 'ana-2', 'ben-1', 'eve-1'] as const).map((id) => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    keys.set(id, privateKey);
    const text = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    return { id, person: id.slice(0, 3), publicKey: text };
  });
  desk = await openGrantDesk(story.product, { quorum: 2, keys: enrolled.filter(({ id }) => id !== 'eve-1') });
  await desk.put([]);
  desk.hold();
  to = `tcp://granted.example:${story.origin.port}`;
});
after(async () => {
  desk?.release();
  await story?.stop();
});

/** A document for the challenge, its fields in canonical order. */
async function documentOf(changed: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { pointId, nonce } = await desk.ask<Challenge>('break-glass-challenge');
  const fields: Record<string, unknown> = {
    bytesUp: 1024 * 1024,
    durationMs: 60_000,
    kind: 'exeat-break-glass',
    nonce,
    point: pointId,
    reason: 'payments are down, control too',
    service: 'story',
    to,
    v: 1,
    ...changed,
  };
  return JSON.stringify(
    Object.fromEntries(
      Object.keys(fields)
        .sort()
        .map((key) => [key, fields[key]]),
    ),
  );
}

function signedBy(document: string, ids: readonly string[]): object {
  const signatures = ids.map((key) => {
    const privateKey = keys.get(key);
    assert.ok(privateKey !== undefined);
    return { key, signature: sign(null, Buffer.from(document), privateKey).toString('base64') };
  });
  return { document, signatures };
}

async function apply(
  document: string,
  ids: readonly string[],
): Promise<{ readonly grantId: string; readonly notAfter: number }> {
  return desk.ask('break-glass-apply', signedBy(document, ids));
}

async function reasonNow(): Promise<string> {
  const { status, reason } = await story.ask(to.slice(6));
  return status === 200 ? 'open' : (reason ?? '');
}

describe('an offline break-glass is refused', () => {
  for (const [title, signers, fault] of [
    ['with one signature', ['ana-1'], /1 of 2 people have signed it/],
    ['with two keys of one person', ['ana-1', 'ana-2'], /1 of 2 people have signed it/],
    ['with a key that is not enrolled', ['ana-1', 'eve-1'], /1 of 2 people have signed it/],
    ['with nothing signed', [], /0 of 2 people have signed it/],
  ] as const) {
    test(title, async () => {
      await assert.rejects(apply(await documentOf(), signers), fault);
      assert.equal(await reasonNow(), 'no_rule_matched');
    });
  }

  for (const [title, changed, fault] of [
    ['for another point', { point: '0'.repeat(32) }, /signed for another point/],
    ['with a nonce of its own', { nonce: 'ab'.repeat(16) }, /its nonce was not given by this point/],
    ['for a pattern', { to: 'tcp://*.example:443' }, /more than one host and one port/],
    ['for several ports', { to: 'tcp://granted.example:443,8443' }, /more than one host and one port/],
    ['for a block', { to: 'tcp://203.0.113.0/24:443' }, /more than one host and one port/],
    ['for longer than an hour', { durationMs: 3_600_001 }, /lasts longer than an hour/],
    ['for more than 1 GiB up', { bytesUp: 1024 ** 3 + 1 }, /more than 1 GiB up/],
    ['without a bound', { bytesUp: null }, /more than 1 GiB up/],
    ['with another field', { identity: 'x' }, /its fields are not/],
    ['without a reason', { reason: '' }, /a text is missing/],
  ] as const) {
    test(title, async () => {
      await assert.rejects(apply(await documentOf(changed), ['ana-1', 'ben-1']), fault);
      assert.equal(await reasonNow(), 'no_rule_matched');
    });
  }

  test('when a byte of what was signed is changed, or its spelling', async () => {
    const document = await documentOf();
    const signed = signedBy(document, ['ana-1', 'ben-1']);
    const changed = document.replace('60000', '90000');
    await assert.rejects(desk.ask('break-glass-apply', { ...signed, document: changed }), /0 of 2 people/);
    const spaced = signedBy(document.replace(',', ', '), ['ana-1', 'ben-1']);
    await assert.rejects(desk.ask('break-glass-apply', spaced), /not canonical JSON/);
    const twice = signedBy(document.replace('{', '{"bytesUp":1,'), ['ana-1', 'ben-1']);
    await assert.rejects(desk.ask('break-glass-apply', twice), /not canonical JSON/);
  });
});

describe('an offline break-glass with two signatures', () => {
  let grantId: string;

  test('opens one destination at once, loudly, while control is down', async () => {
    const document = await documentOf();
    const taken = await apply(document, ['ana-1', 'ben-1']);
    grantId = taken.grantId;
    assert.equal(await reasonNow(), 'open');
    await assert.rejects(apply(document, ['ana-1', 'ben-1']), /its nonce was not given by this point, is older/);
    const record = (await story.product.waitForRecord((each) => each.kind === 'break-glass')) as BreakGlassRecord;
    assert.deepEqual([record.grantId, record.document, record.people], [grantId, document, ['ana', 'ben']]);
    assert.deepEqual(
      record.signatures.map(({ key }) => key),
      ['ana-1', 'ben-1'],
    );
    assert.match(story.product.stderr(), /BREAK-GLASS: a destination was opened without control/);
  });

  test('outlives a kill of the point, its challenges do not', async () => {
    const document = await documentOf();
    process.kill(story.product.report.pids.point ?? 0, 'SIGKILL');
    const reason = await waitFor(() => reasonNow().catch(() => null), 'the point', 10_000);
    assert.equal(reason, 'open');
    await assert.rejects(apply(document, ['ana-1', 'ben-1']), /its nonce was not given by this point/);
  });

  test('stays while lists do not know it, and is ended by one that does', async () => {
    await desk.put([storyGrant('else', 'tcp://else.example:443')]);
    assert.equal(await reasonNow(), 'open');
    await desk.put([storyGrant(grantId, to)], [{ id: grantId, why: 'revoked' }]);
    assert.equal(await reasonNow(), 'grant_revoked');
  });

  test('is ended by a revocation, also after a list that does not know it', async () => {
    const taken = await apply(await documentOf(), ['ana-2', 'ben-1']);
    assert.equal(await reasonNow(), 'open');
    await desk.ask('end-grants', { ids: [taken.grantId], why: 'revoked' });
    assert.equal(await reasonNow(), 'grant_revoked');
    await desk.put([]);
    assert.equal(await reasonNow(), 'grant_revoked');
  });
});

test('an offline break-glass does not exceed the boundary', async () => {
  desk.release();
  await story.product.changePolicy(
    'boundary.yaml',
    'apiVersion: exeat/v1\nowner: team-security\nboundary:\n  deny: [ { to: "granted.example:*", reason: never } ]\n',
  );
  await apply(await documentOf(), ['ana-1', 'ben-1']);
  assert.equal(await reasonNow(), 'boundary_denied');
});
