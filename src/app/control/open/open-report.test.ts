import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encodeEntry, type NewEntry } from '../../../audit/index.ts';
import { ok, type Result } from '../../../base/index.ts';
import { type ExceptionState, exceptionView, foldException } from '../../../exceptions/index.ts';
import { listPolicyOpenings, parsePolicyFiles } from '../../../policy/index.ts';
import { openPolicyHistory } from '../../../snapshot/index.ts';
import { openLedger, type SqliteLedger } from '../../../store/index.ts';
import type { PolicyQuestion } from '../policy-outcome.ts';
import { createUsage } from '../usage.ts';
import { type OpenReportOptions, reportOpen } from './open-report.ts';

const minuteMs = 60_000;
const noon = Date.parse('2026-11-28T12:00:00.000Z');
const version = `sha256:${'1'.repeat(64)}`;
const policy = `
apiVersion: exeat/v1
service: app
owner: team-app
kind: app
identities: [ "credential:app" ]
allow:
  - { to: bank.example.com:443, reason: card settlement }
`;

let folder: string;
let ledger: SqliteLedger;
let now = noon;
const usage = createUsage();
const exceptions = new Map<string, ExceptionState>();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-open-'));
  const opened = openLedger({
    path: join(folder, 'ledger.db'),
    encode: (entry) => {
      const bytes = encodeEntry(entry);
      assert.ok(bytes.ok);
      return bytes.value;
    },
  });
  assert.ok(opened.ok);
  ledger = opened.value;
  await openPolicyHistory(join(folder, 'policy')).recordInForce(version, {
    files: [{ path: 'a.yaml', text: policy }],
    ruleIds: ['app/allow/bank.example.com:443'],
    atMs: noon - 60 * minuteMs,
  });
  usage.rules.set('app/allow/bank.example.com:443', noon - 5 * minuteMs);
  usage.edges.set('app\nbank.example.com\n443', {
    service: 'app',
    host: 'bank.example.com',
    port: 443,
    firstSeen: noon - 30 * minuteMs,
    lastAllowed: noon - 5 * minuteMs,
    lastDenied: null,
    lastDeniedReason: null,
    addresses: ['203.0.113.9'],
  });
  // Asked and granted at 12:00 for an hour, revoked at 12:20.
  await write('exception.submitted', asked, noon);
  await write('exception.granted', granted, noon);
  await write('exception.revoked', { reason: 'not needed' }, noon + 20 * minuteMs);
});
after(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

const id = '01KB0Z2Q6W7V8X9Y0A1B2C3D4E';
const spec = {
  relaxes: 'reach',
  service: 'app',
  identity: null,
  to: 'tests.example.net:8443',
  via: [],
  durationMs: 60 * minuteMs,
  startAtMs: null,
  bytesUp: 1_000,
  bytesDown: null,
  reason: 'a new acquirer is tested',
  owner: 'team-app',
  beneficiary: 'ana',
  ticket: null,
  extends: null,
  denial: null,
};
const asked = {
  ...{ id, revision: 1, spec, tier: 'low', findings: [], policyVersion: version, digest: 'sha256:00' },
  ...{ pendingUntilMs: noon + 600 * minuteMs, startByMs: null },
};
const granted = {
  ...{ spec, strength: null, notBeforeMs: noon, notAfterMs: noon + 60 * minuteMs, drainMs: 0 },
  ...{ policyVersion: version, approvers: ['ben'], reviewWithinMs: null },
};

async function write(action: string, details: object, atMs: number): Promise<void> {
  const actor = { kind: 'person', id: 'ana', via: 'token', credential: 'T' } as const;
  const entry = { subject: `exception/${id}`, action, actor, details } as NewEntry;
  const before = await ledger.entriesOf(entry.subject);
  const all = [...before, { ...entry, v: 1 as const, seq: before.length, time: new Date(atMs).toISOString() }];
  const state = foldException(all);
  assert.ok(state);
  exceptions.set(id, state);
  const done = await ledger.commit({
    nowMs: atMs,
    entries: [entry],
    views: [exceptionView(state)],
    expected: [],
    answer: null,
  });
  assert.ok(done.ok);
}

function options(): OpenReportOptions {
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text: policy }]);
  assert.deepEqual(faults, []);
  return {
    clock: { now: () => now },
    ledger,
    history: openPolicyHistory(join(folder, 'policy')),
    exceptions: () => exceptions,
    directory: () => ({ people: new Map(), tokens: new Map(), keys: new Map(), passkeys: new Map() }),
    usage: () => usage,
    askPolicy: async <T>(question: PolicyQuestion): Promise<Result<T>> => {
      assert.ok(question.kind === 'openings');
      return ok(listPolicyOpenings(tree, question.query) as T);
    },
    configured: [{ kind: 'local-origin', to: '127.0.0.1:8443', note: 'a loopback pair that rules may reach' }],
  };
}

async function kinds(query: Parameters<typeof reportOpen>[1]): Promise<readonly string[]> {
  const report = await reportOpen(options(), query);
  assert.ok(report.ok, report.ok ? '' : report.fault.message);
  return report.value.openings.map(({ kind, to }) => `${kind} ${to}`);
}

const rule = 'rule bank.example.com:443';
const grant = 'grant tests.example.net:8443';
const local = 'local-origin 127.0.0.1:8443';

test('what is open now has its owner, reason, age, last use and place', async () => {
  now = noon + 30 * minuteMs;
  const report = await reportOpen(options(), {});
  assert.ok(report.ok);
  assert.deepEqual(report.value.openings[0], {
    kind: 'rule',
    id: 'app/allow/bank.example.com:443',
    service: 'app',
    identities: ['credential:app'],
    to: 'bank.example.com:443',
    owner: 'team-app',
    reason: 'card settlement',
    approvedBy: [],
    since: '2026-11-28T11:00:00.000Z',
    until: null,
    lastUsed: '2026-11-28T11:55:00.000Z',
    from: 'a.yaml:8',
    note: null,
  });
  assert.equal(report.value.policyVersion, version);
  assert.deepEqual(await kinds({}), [rule, local], 'the revoked grant is open no more');
});

test('at a past time, what was in force then: granted, before its revocation, and before it was asked', async () => {
  now = noon + 90 * minuteMs;
  const at = (minutes: number): string => new Date(noon + minutes * minuteMs).toISOString();
  assert.deepEqual(await kinds({ at: at(10), service: 'app' }), [rule, grant]);
  assert.deepEqual(await kinds({ at: at(25), service: 'app' }), [rule]);
  assert.deepEqual(await kinds({ at: at(-10), service: 'app' }), [rule]);
  assert.deepEqual(await kinds({ at: at(-90), service: 'app' }), [], 'no policy was in force');
  // By what was known at 12:10, it would have been open at 12:25.
  assert.deepEqual(await kinds({ at: at(25), asRecorded: at(10), service: 'app' }), [rule, grant]);
});

test('an address is answered through the names that were dialled at it, and a name through patterns and ports', async () => {
  now = noon + 10 * minuteMs;
  assert.deepEqual(await kinds({ to: '203.0.113.9:443', service: 'app' }), [rule]);
  assert.deepEqual(await kinds({ to: '203.0.113.9:80', service: 'app' }), []);
  assert.deepEqual(await kinds({ to: 'bank.example.com', service: 'app' }), [rule]);
  const odd = await reportOpen(options(), { to: 'not a host' });
  assert.equal(odd.ok ? '' : odd.fault.code, 'authority_malformed');
});

test('nobody knows what will be open in an hour', async () => {
  const report = await reportOpen(options(), { at: new Date(now + 60 * minuteMs).toISOString() });
  assert.equal(report.ok ? '' : report.fault.code, 'time_ahead');
});
