import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { nowForTest as start } from '../../../test/support/request-fixture.ts';
import { type BreakGlassDesk, openBreakGlassDesk, readTakenGrants } from './break-glass-desk.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-desk-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const pairs = ['ana', 'ben'].map((person) => ({ person, ...generateKeyPairSync('ed25519') }));
const signers = {
  quorum: 2,
  keys: pairs.map(({ person, publicKey }) => ({
    id: person,
    person,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  })),
};
const clock = { nowMs: start };
const keptPath = join(folder, 'break-glass.ndjson');
let isWritten = true;
let isKeeping = true;
let ids = 0;

const desk: BreakGlassDesk = openBreakGlassDesk({
  idPath: join(folder, 'id'),
  keptPath,
  clock: { now: () => clock.nowMs },
  newId: () => `id-${ids++}`,
  records: {
    get isKeeping() {
      return isKeeping;
    },
    write: () => isWritten,
  },
  logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
});

function applyNew(laterMs = 0): ReturnType<BreakGlassDesk['apply']> {
  const { pointId, nonce } = desk.challenge();
  const document = `{"bytesUp":100,"durationMs":60000,"kind":"exeat-break-glass","nonce":"${nonce}","point":"${pointId}","reason":"x","service":"payments-api","to":"bank.example.com:443","v":1}`;
  const signatures = pairs.map(({ person, privateKey }) => ({
    key: person,
    signature: sign(null, Buffer.from(document), privateKey).toString('base64'),
  }));
  clock.nowMs += laterMs;
  return desk.apply({ document, signatures }, signers);
}

describe('break-glass at the point', () => {
  test('that cannot be recorded opens nothing, now or after a restart', () => {
    isKeeping = false;
    const unkept = applyNew();
    assert.equal(unkept.ok ? '' : unkept.fault.code, 'break_glass_unrecorded');
    isKeeping = true;
    isWritten = false;
    const unwritten = applyNew();
    assert.equal(unwritten.ok ? '' : unwritten.fault.code, 'break_glass_unrecorded');
    isWritten = true;
    assert.ok(!existsSync(keptPath) || readTakenGrants(keptPath, start).length === 0);
  });

  test('is bounded in time and bytes, and forgotten when it has ended', () => {
    const taken = applyNew();
    assert.ok(taken.ok);
    const { kind, notBefore, notAfter, bytesUp, to, service } = taken.value;
    assert.deepEqual([kind, notBefore, notAfter], ['break-glass', clock.nowMs, clock.nowMs + 60_000]);
    assert.deepEqual([bytesUp, to, service], [100, 'bank.example.com:443', 'payments-api']);
    assert.deepEqual(readTakenGrants(keptPath, clock.nowMs), [taken.value]);
    assert.deepEqual(readTakenGrants(keptPath, notAfter), []);
  });

  test('takes a challenge for ten minutes, and the oldest one goes where there are too many', () => {
    const late = applyNew(600_000);
    assert.equal(late.ok ? '' : late.fault.code, 'break_glass_used');
    assert.ok(applyNew(599_999).ok);
    const nonces = new Set(Array.from({ length: 65 }, () => desk.challenge().nonce));
    assert.equal(nonces.size, 65);
  });

  test('is refused where no keys are enrolled', () => {
    const { pointId, nonce } = desk.challenge();
    const document = `{"bytesUp":100,"durationMs":60000,"kind":"exeat-break-glass","nonce":"${nonce}","point":"${pointId}","reason":"x","service":"payments-api","to":"bank.example.com:443","v":1}`;
    const refused = desk.apply({ document, signatures: [] }, null);
    assert.equal(refused.ok ? '' : refused.fault.code, 'break_glass_unsigned');
  });
});
