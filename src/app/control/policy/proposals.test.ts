import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verdictRecord } from '../../../../test/support/verdict-record.ts';
import type { DraftMapAnswer, ProposalAnswer, ProposalBody } from '../../../api/contract/index.ts';
import type { Result } from '../../../base/index.ts';
import type { TrafficRow } from '../../../flowmap/traffic/index.ts';
import type { Grant, VerdictRecord } from '../../../policy/index.ts';
import { openPolicyHistory } from '../../../snapshot/index.ts';
import { versionOf } from '../../compile-folder.ts';
import { createProposalChecker, createProposalReader } from './check-proposal.ts';
import { listSources, readSource } from './policy-sources.ts';
import { createProposalDesk, type ReadTraffic } from './proposal-desk.ts';
import type { TrafficToTry } from './proposal-messages.ts';
import { createTrafficTrial } from './try-on-traffic.ts';

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

function row(host: string, change: Partial<TrafficRow> = {}): TrafficRow {
  return {
    ...{ service: 'payments-api', identity: 'credential:payments-api', point: 'proxy', host, port: 443 },
    ...{ protocol: 'tls', class: 'ordinary', verdict: 'allow', reason: '', ruleIds: [], grantId: null },
    ...{ connections: 1, bytesUp: 10, bytesDown: 100, lastMs: nowMs - 1_000 },
    ...change,
  };
}

function traffic(rows: readonly TrafficRow[], change: Partial<TrafficToTry> = {}): TrafficToTry {
  const sinceMs = nowMs - dayMs;
  return {
    ...{ span: { sinceMs, untilMs: nowMs, countedSinceMs: sinceMs - dayMs, rows }, sinceMs, granted: [] },
    query: { measure: 'connections', from: 'identity', to: 'destination', service: null, nodes: 200, withUnused: true },
    ...{ grants: [], ended: [] },
    ...change,
  };
}

async function tryOn(changed: string, tried: TrafficToTry): Promise<DraftMapAnswer> {
  const answer = await createTrafficTrial(house, createProposalReader(house))(proposal(changed), tried, nowMs);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.value;
}

test('a draft is tried on what was counted: each way by what becomes of it, with the rules of both and their places', async () => {
  const denied = { verdict: 'deny', reason: 'no_rule_matched', connections: 4 } as const;
  const drafted = enforced
    .replace('bank.example.com:443, reason', 'new.example.com:443, reason')
    .replace('{ allow: bank', '{ allow: new');
  const rows = [
    row('bank.example.com', { connections: 7 }),
    row('cdn.example.com', { verdict: 'would-deny', reason: 'no_rule_matched', connections: 2 }),
    row('new.example.com', denied),
    row('x.paste.example', { ...denied, reason: 'boundary_denied' }),
    row('', { connections: 3 }),
    row('*', { port: null }),
    row('bank.example.com', { service: '', identity: '' }),
  ];
  const { outcomes, map, rules, services, wouldLoad } = await tryOn(drafted, traffic(rows));
  assert.equal(wouldLoad, true);
  assert.deepEqual(outcomes?.newly_denied, { edges: 2, services: 1, connections: 9, bytes: 220 });
  // An observed service would be let out today: that it was refused once is not what the draft changes.
  assert.deepEqual(
    [outcomes?.newly_allowed.edges, outcomes?.still_allowed.edges, outcomes?.still_denied.edges],
    [0, 1, 1],
  );
  assert.match(
    map?.notes[0] ?? '',
    /^not judged: 1 edge without a name, 1 edge of nobody who is proven, 1 edge counted together$/,
  );
  const bank = map?.paths.find(
    ({ to: name, service }) => name === 'bank.example.com:443' && service === 'payments-api',
  );
  assert.deepEqual([bank?.outcome, bank?.draft?.reasons], ['newly_denied', ['no_rule_matched']]);
  const told = rules.today.map(({ id, file, line }) => [id, file, line]);
  assert.deepEqual(
    told.find(([id]) => id === bank?.today?.ruleIds[0]),
    [...['payments-api/allow/bank.example.com:443', 'payments/api.yaml', 9]],
  );
  assert.deepEqual(
    rules.draft.map(({ id, line }) => [id, line]),
    [
      ['boundary/deny/*.paste.example:*', 3],
      ['payments-api/allow/new.example.com:443', 7],
    ],
  );
  assert.deepEqual(services, [{ name: 'payments-api', file: 'payments/api.yaml', line: 1 }]);
});

test('exceptions in force count, and what a draft’s boundary takes from them breaks', async () => {
  const grant: Grant = {
    ...{ id: 'EX-1', kind: 'exception', relaxes: 'reach', service: 'payments-api', identity: null, via: [] },
    ...{ to: 'files.example.com:443', strength: null, notBefore: nowMs - 1, notAfter: nowMs + dayMs },
    ...{ drainMs: 0, bytesUp: null, bytesDown: null },
  };
  const rows = [row('files.example.com', { verdict: 'exception', grantId: 'EX-1' })];
  const granted = traffic(rows, { grants: [grant] });
  // Nobody but the exception lets it out under enforce, and it goes on.
  assert.equal((await tryOn(enforced, granted)).map?.paths[0]?.outcome, 'still_allowed');
  const boundary = `${enforced}---\napiVersion: exeat/v1\nowner: team-security\nboundary: { deny: [ { to: "files.example.com:*", reason: leaks } ] }\n`;
  const path = (await tryOn(boundary, granted)).map?.paths[0];
  assert.deepEqual([path?.outcome, path?.draft?.reasons], ['newly_denied', ['boundary_denied']]);
  // For one identity of the service: which one asked is nothing that the replay knows.
  const narrow = await tryOn(enforced, traffic(rows, { grants: [{ ...grant, identity: 'credential:payments-api' }] }));
  assert.equal(narrow.map?.notes[0], 'not judged: 1 edge that may be either');
  // Over: observe lets it out today, and the draft would not.
  const over = await tryOn(enforced, traffic(rows, { grants: [{ ...grant, notAfter: nowMs - 1 }] }));
  assert.equal(over.map?.paths[0]?.outcome, 'newly_denied', 'observed today');
});

test('addresses that records tell are judged, and what no record tells is judged by its name and said to be', async () => {
  const destination = { host: 'bank.example.com', port: 443, protocol: 'tls', class: 'ordinary' } as const;
  keep([to('bank.example.com', 60_000, { destination: { ...destination, address: '198.51.100.7' } })]);
  const fenced = `${text}---\napiVersion: exeat/v1\nowner: team-security\nboundary: { deny: [ { to: "198.51.100.0/24:*", reason: hosting we never use } ] }\n`;
  const seen = await tryOn(fenced, traffic([row('bank.example.com')]));
  assert.deepEqual(
    [seen.map?.paths[0]?.outcome, seen.map?.paths[0]?.draft?.reasons],
    ['newly_denied', ['address_forbidden']],
  );
  keep([]);
  const unseen = await tryOn(fenced, traffic([row('bank.example.com')]));
  assert.equal(unseen.map?.paths[0]?.outcome, 'still_allowed');
  assert.match(unseen.map?.notes.join() ?? '', /judged by name alone: 1 edge whose records/);
});

test('a draft that does not load is tried on nothing, and says where it fails', async () => {
  const { map, outcomes, found } = await tryOn(`${text}colour: red\n`, traffic([row('bank.example.com')]));
  assert.deepEqual([map, outcomes], [null, null]);
  assert.deepEqual([found[0]?.rule, found[0]?.file, found[0]?.line], ['key_unknown', 'payments/api.yaml', 12]);
});

test('proposals are checked one at a time for a person, and few wait', async () => {
  const desk = createProposalDesk(house);
  try {
    const first = desk.check(proposal(enforced), 'ana', nowMs);
    assert.equal(code(await desk.check(proposal(enforced), 'ana', nowMs)), 'check_running');
    let isRead = false;
    const read: ReadTraffic = async () => {
      isRead = true;
      return { ok: true, value: { nowMs, traffic: traffic([row('bank.example.com')]) } };
    };
    assert.equal(code(await desk.tryOn(proposal(enforced), 'ana', read)), 'check_running', 'on traffic either');
    assert.equal(isRead, false, 'and nothing is read for it');
    const others = ['ben', 'cyn', 'dan'].map((person) => desk.check(proposal(enforced), person, nowMs));
    assert.equal(code(await desk.check(proposal(enforced), 'eve', nowMs)), 'policy_busy');
    assert.deepEqual((await Promise.all([first, ...others])).map(code), [null, null, null, null]);
    const tried = await desk.tryOn(proposal(enforced), 'ana', read);
    assert.ok(
      tried.ok && tried.value.map?.paths[0]?.outcome === 'still_allowed',
      'and it crosses to the thread and back',
    );
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
