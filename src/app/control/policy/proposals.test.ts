import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verdictRecord } from '../../../../test/support/verdict-record.ts';
import type { ProposalAnswer, ProposalBody } from '../../../api/contract/index.ts';
import type { Result } from '../../../base/index.ts';
import type { VerdictRecord } from '../../../policy/index.ts';
import { openPolicyHistory } from '../../../snapshot/index.ts';
import { versionOf } from '../../compile-folder.ts';
import { createProposalChecker } from './check-proposal.ts';
import { listSources, readSource } from './policy-sources.ts';
import { createProposalDesk } from './proposal-desk.ts';

const nowMs = Date.parse('2026-11-23T12:00:00.000Z');
const dayMs = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'exeat-proposals-'));
after(() => rmSync(root, { recursive: true }));

const text = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
mode: observe
observeUntil: 2026-12-01
identities: [ "credential:payments-api" ]
allow:
  - { to: bank.example.com:443, reason: settlement }
tests:
  - { allow: bank.example.com:443 }
`;
const files = [
  { path: 'payments/api.yaml', text },
  {
    path: 'base.yaml',
    text: 'apiVersion: exeat/v1\nowner: team-security\nboundary: { deny: [ { to: "*.paste.example:*", reason: paste sites } ] }\n',
  },
];
const version = versionOf(files);
const house = { history: join(root, 'policy'), spool: join(root, 'spool'), localOrigins: [] };
assert.ok((await openPolicyHistory(house.history).recordInForce(version, { files, ruleIds: [], atMs: 1 })).ok);

function keep(records: readonly VerdictRecord[]): void {
  mkdirSync(house.spool, { recursive: true });
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  writeFileSync(join(house.spool, 'decisions-20261101000000-000001.ndjson'), lines);
}

function to(host: string, ageMs: number, change: Partial<VerdictRecord> = {}): VerdictRecord {
  const destination = { host, port: 443, protocol: 'tls', address: null, class: 'ordinary' } as const;
  return verdictRecord({ destination, time: new Date(nowMs - ageMs).toISOString(), mode: 'observe', ...change });
}

const enforced = text.replace('mode: observe\nobserveUntil: 2026-12-01\n', '');

function proposal(changed: string | null, more: Partial<ProposalBody> = {}): ProposalBody {
  return { policyVersion: version, files: [{ path: 'payments/api.yaml', text: changed }], days: 7, ...more };
}

async function check(body: ProposalBody): Promise<ProposalAnswer> {
  const checked = await createProposalChecker(house)(body, nowMs);
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.value;
}

test('from observe to enforce: what would break first, with how far the records reach', async () => {
  keep([
    to('old.example.com', 9 * dayMs, { wouldDeny: true, reason: 'observed' }),
    to('cdn.example.com', 2 * dayMs, { wouldDeny: true, reason: 'observed' }),
    to('bank.example.com', dayMs),
    to('cdn.example.com', 60_000, { wouldDeny: true, reason: 'observed' }),
    verdictRecord({ principal: null, time: new Date(nowMs - 1_000).toISOString() }),
  ]);
  const { wouldLoad, access, replay } = await check(proposal(enforced));
  assert.equal(wouldLoad, true);
  assert.deepEqual([access?.isWidening, access?.removed], [false, ['observe payments-api until 1796083200000']]);
  assert.deepEqual(
    replay?.newlyDenied.map(({ destination, connections, owner, ports }) => [destination, connections, owner, ports]),
    [['cdn.example.com', 2, 'team-payments', ['443']]],
  );
  assert.deepEqual([replay?.reach, replay?.judged, replay?.leftOut], ['whole', 3, 1]);
  assert.equal((await check(proposal(enforced, { days: 1 }))).replay?.newlyDenied[0]?.connections, 1);
  const further = (await check(proposal(enforced, { days: 30 }))).replay;
  assert.deepEqual([further?.reach, further?.newlyDeniedCount], ['kept', 2], 'records do not go back thirty days');
});

test('findings, failed tests and faults point at their lines; a policy that would not load is tried on nothing', async () => {
  const wide = await check(proposal(text.replace('bank.example.com:443, reason', 'bank.example.com:8443, reason')));
  assert.deepEqual([wide.wouldLoad, wide.testsFailed], [false, 1]);
  const [failure] = wide.found;
  assert.deepEqual([failure?.severity, failure?.file, failure?.line], ['test', 'payments/api.yaml', 11]);
  const broken = await check(proposal(`${text}colour: red\n`));
  assert.deepEqual([broken.wouldLoad, broken.access, broken.replay], [false, null, null]);
  assert.deepEqual([broken.found[0]?.rule, broken.found[0]?.line], ['key_unknown', 12]);
  const gone = await check(proposal(null));
  assert.ok(gone.access?.removed.includes('service payments-api app'));
});

test('what no path names is read: not outside, not above, not by a link', () => {
  const folder = openPolicyHistory(house.history).folderOf(version) ?? '';
  for (const path of ['../history.ndjson', '/etc/passwd', 'payments/../base.yaml', './base.yaml', 'payments', '']) {
    const read = readSource(folder, path, 1_000);
    assert.ok(!read.ok && read.fault.code === 'not_found', path);
  }
  assert.deepEqual(readSource(folder, 'payments/api.yaml', 10_000), { ok: true, value: text });
  assert.ok(!readSource(folder, 'payments/api.yaml', 10).ok);
  assert.deepEqual(
    listSources(folder, 10).files.map((file) => [file.path, file.text]),
    [
      ['base.yaml', null],
      ['payments/api.yaml', null],
    ],
  );
});

test('proposals are checked one at a time for a person, and few wait', async () => {
  const desk = createProposalDesk(house);
  try {
    const first = desk.check(proposal(enforced), 'ana', nowMs);
    assert.equal(code(await desk.check(proposal(enforced), 'ana', nowMs)), 'check_running');
    const others = ['ben', 'cyn', 'dan'].map((person) => desk.check(proposal(enforced), person, nowMs));
    assert.equal(code(await desk.check(proposal(enforced), 'eve', nowMs)), 'policy_busy');
    assert.deepEqual((await Promise.all([first, ...others])).map(code), [null, null, null, null]);
  } finally {
    await desk.close();
  }
});

test('a proposal that is made to be slow is ended, and the next one is checked as before', async () => {
  const desk = createProposalDesk({ ...house, longestMs: 2_000 });
  try {
    // As many rules as fit, each of a list of its own that is written out.
    const rules = Array.from(
      { length: 9_000 },
      (_, at) => `  - { to: "h${at}.example.com:443", reason: "a reason of some length that fills up" }\n`,
    );
    const members = Array.from({ length: 60 }, (_, at) => ({
      path: `many-${at}.yaml`,
      text: text.replace('payments-api', `s${at}`).replace(/allow:\n.*\n/, `allow:\n${rules.slice(0, 8_000).join('')}`),
    }));
    assert.equal(code(await desk.check(proposal(text, { files: members }), 'ana', nowMs)), 'check_too_long');
    // A machine that is busy may take as long to begin a thread.
    let next: string | null = 'check_too_long';
    for (let tries = 0; tries < 5 && next === 'check_too_long'; tries += 1) {
      next = code(await desk.check(proposal(enforced), 'ana', nowMs));
    }
    assert.equal(next, null);
  } finally {
    await desk.close();
  }
});

function code(result: Result<unknown>): string | null {
  return result.ok ? null : result.fault.code;
}
