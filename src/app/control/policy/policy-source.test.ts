import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verdictRecord } from '../../../../test/support/verdict-record.ts';
import { parseIpAddress } from '../../../destination/index.ts';
import type { VerdictRecord } from '../../../policy/index.ts';
import { openPolicyHistory } from '../../../snapshot/index.ts';
import { versionOf } from '../../compile-folder.ts';
import { createPolicyLibrary } from '../policy-library.ts';
import { createUsage, foldVerdict } from '../usage.ts';
import { createPolicySource } from './policy-source.ts';

const nowMs = Date.parse('2026-11-23T12:00:00.000Z');
const root = mkdtempSync(join(tmpdir(), 'exeat-policies-'));
after(() => rmSync(root, { recursive: true }));

const service = (name: string, more = ''): string => `apiVersion: exeat/v1
service: ${name}
owner: team-${name}
kind: app
${more}identities: [ "credential:${name}" ]
allow:
  - { to: bank.example.com:443, reason: settlement }
  - { to: old.example.com:443, reason: the partner of before }
`;
const observed = 'mode: observe\nobserveUntil: 2026-12-01\n';
const files = [
  {
    path: 'a.yaml',
    text: [service('api'), service('web', observed), service('ended', observed.replace('12', '11'))].join('---\n'),
  },
  {
    path: 'b.yaml',
    text: 'apiVersion: exeat/v1\nowner: team-security\nboundary: { deny: [ { to: "*.paste.example:*", reason: paste sites } ] }\n',
  },
];
const version = versionOf(files);
const history = openPolicyHistory(join(root, 'policy'));
const ruleIds = ['api', 'web', 'ended'].flatMap((name) => [
  `${name}/allow/bank.example.com:443`,
  `${name}/allow/old.example.com:443`,
]);
assert.ok((await history.recordInForce(version, { files, ruleIds, atMs: nowMs - 1_000 })).ok);

const usage = createUsage();
const loopback = parseIpAddress('127.0.0.1');
assert.ok(loopback.ok);
const library = createPolicyLibrary(join(root, 'policy'));
const source = createPolicySource({
  clock: { now: () => nowMs },
  history,
  usage: () => usage,
  askPolicy: async (question) => library.answer(question) as never,
  desk: {
    check: async () => assert.fail('nothing is checked here'),
    tryOn: async () => assert.fail('nothing is tried here'),
    close: async () => undefined,
  },
  localOrigins: [{ address: loopback.value, port: 443 }],
});

async function page(wanted: Partial<Parameters<typeof source.services>[0]> = {}) {
  const found = await source.services({ find: null, mode: null, after: null, most: 10, ...wanted });
  assert.ok(found.ok);
  return found.value;
}

function seen(host: string, change: Partial<VerdictRecord> = {}, port = 443): void {
  const principal = { service: 'web', identity: 'credential:web', strength: 'shared-secret' } as const;
  const destination = { host, port, protocol: 'tls', address: null, class: 'ordinary' } as const;
  const observe = { mode: 'observe', reason: 'observed', wouldDeny: true, wouldDenyReason: 'no_rule_matched' } as const;
  foldVerdict(
    usage,
    verdictRecord({ ...observe, principal, destination, time: '2026-11-23T10:00:00.000Z', ...change }),
  );
}

test('before anything was counted, what is unused is not known', async () => {
  const { items, countedSince, total, isEnd } = await page();
  assert.equal(countedSince, null);
  assert.deepEqual([total, isEnd], [3, true]);
  assert.deepEqual(
    items.map(({ name, mode, unusedRules, lastUsed }) => [name, mode, unusedRules, lastUsed]),
    [
      ['api', 'enforce', null, null],
      ['ended', 'enforce', null, null],
      ['web', 'observe', null, null],
    ],
  );
});

test('services are found by name, owner and mode, page by page', async () => {
  const names = async (wanted: Parameters<typeof page>[0]): Promise<unknown> =>
    (await page(wanted)).items.map(({ name }) => name);
  assert.deepEqual(await names({ find: 'TEAM-WEB' }), ['web']);
  assert.deepEqual(await names({ mode: 'observe' }), ['web']);
  assert.deepEqual(await names({ most: 2 }), ['api', 'ended']);
  assert.deepEqual(await names({ most: 2, after: 'ended' }), ['web']);
  assert.deepEqual([(await page({ most: 2 })).isEnd, (await page({ after: 'ended' })).total], [false, 3]);
});

test('what only observe lets out is told with a draft, what must not be allowed without one, what is allowed by now not at all', async () => {
  const address = '127.0.0.1';
  const destination = { host: 'cdn.example.com', port: 443, protocol: 'tls', address, class: 'ordinary' } as const;
  seen('cdn.example.com', { destination });
  seen('cdn.example.com');
  seen('a.paste.example');
  seen('bank.example.com');
  seen('pastebin.com');
  seen('169.254.169.254', {}, 80);
  seen('bank.example.com', {
    mode: 'enforce',
    wouldDeny: false,
    wouldDenyReason: null,
    reason: 'rule_matched',
    ruleIds: [ruleIds[2] ?? ''],
  });
  const told = await source.service('web');
  assert.ok(told.ok);
  const { observed: breaking, rules, service: row, countedSince } = told.value;
  assert.deepEqual(
    breaking.map(({ host, count, draft, doubts }) => [host, count, draft?.to ?? null, doubts.length > 0]).sort(),
    [
      ['169.254.169.254', 1, null, true],
      ['a.paste.example', 1, null, true],
      ['cdn.example.com', 2, 'cdn.example.com:443', false],
      ['pastebin.com', 1, 'pastebin.com:443', true],
    ],
  );
  assert.deepEqual(
    rules.map(({ id, since, lastUsed }) => [id, since, lastUsed]),
    [
      ['web/allow/bank.example.com:443', '2026-11-23T11:59:59.000Z', '2026-11-23T10:00:00.000Z'],
      ['web/allow/old.example.com:443', '2026-11-23T11:59:59.000Z', null],
    ],
  );
  assert.deepEqual(
    [row.unusedRules, row.lastUsed, row.onlyObserved, countedSince],
    [1, '2026-11-23T10:00:00.000Z', 4, '2026-11-23'],
  );
  assert.ok(!(await source.service('nobody')).ok);
});

test('a proposal against what is no more in force is told so', async () => {
  const stale = await source.check(
    { policyVersion: 'sha256:0', files: [{ path: 'a.yaml', text: '' }], days: 7 },
    'ana',
  );
  assert.ok(!stale.ok && stale.fault.code === 'changed_meanwhile');
  const sources = await source.files();
  assert.ok(sources.ok);
  assert.deepEqual(
    sources.value.files.map(({ path, text }) => [path, text === files.find((one) => one.path === path)?.text]),
    [
      ['a.yaml', true],
      ['b.yaml', true],
    ],
  );
  assert.equal(sources.value.inForceSince, '2026-11-23T11:59:59.000Z');
});
