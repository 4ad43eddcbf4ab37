import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { anaToken, type ControlStub, type Said, sayWith, startControlStub } from '../../test/support/control-stub.ts';
import type { AuditState, OpenAnswer, OpenEvidenceAnswer } from '../api/contract/index.ts';
import { ok } from '../base/index.ts';

let stub: ControlStub;
let queries: unknown[];

before(async () => {
  queries = [];
  const keep = (query: unknown): void => void queries.push(query);
  stub = await startControlStub({
    listOpen: async ({ query }) => {
      keep(query);
      return ok({ body: report });
    },
    exportOpen: async ({ body }) => {
      keep(body);
      return ok({ body: evidence });
    },
    listAudit: async ({ query }) => {
      keep(query);
      return ok({ body: { items: [entry], next: null } });
    },
    auditState: async () => ok({ body: state }),
    resetClock: async ({ body }) => {
      keep(body);
      return ok({ body: { before: '2027-01-01T00:00:00.000Z', after: '2026-11-28T19:00:00.000Z' } });
    },
  });
});
after(() => stub?.close());

const evidence: OpenEvidenceAnswer = {
  ...{ name: 'exeat-open-1.tar.gz', folder: 'exeat-open-1', openings: 2, entries: 1, size: 9 },
  archive: Buffer.from('packed').toString('base64'),
};

const say = (...args: readonly string[]): Promise<Said> =>
  sayWith({ EXEAT_API: stub.api, EXEAT_TOKEN: anaToken }, ...args);

test('open is a table with what it cannot see below it', async () => {
  const said = await say(
    'open',
    '--to',
    '203.0.113.9:443',
    '--at',
    '2026-11-01',
    '--as-recorded',
    '2026-11-02T08:00:00Z',
  );
  assert.equal(said.code, 0, said.error);
  assert.deepEqual(queries.pop(), {
    to: '203.0.113.9:443',
    at: '2026-11-01T00:00:00.000Z',
    asRecorded: '2026-11-02T08:00:00.000Z',
  });
  const lines = said.out.split('\n');
  assert.match(lines[0] ?? '', /^KIND +SERVICE +TO +OWNER +REASON +APPROVEDBY +SINCE +UNTIL +LASTUSED +FROM$/);
  assert.match(
    lines[1] ?? '',
    /^grant +payments-api +bank\.example\.com:443 +team-payments +a test; by a wildcard +ana, cyn +2 h ago \(2026-11-28 17:00\) +in 6 h \(2026-11-29 01:00\) +- +01KB$/,
  );
  assert.match(
    said.out,
    /\nOnly exceptions justify 2\.0 % of connections and - of bytes \(30 days\)\.\n3 more are left out: narrow the question/,
  );
  assert.match(said.out, /\naddresses were learned from 4 days of answers\n$/);
});

test('open as CSV is one line an opening, and what is left out is told beside it', async () => {
  const said = await say('open', '-o', 'csv');
  assert.match(
    said.out,
    /^kind,id,service,identities,to,owner,reason,approvedBy,since,until,lastUsed,from,note\r\ngrant,01KB,payments-api,/,
  );
  assert.equal(said.out.split('\r\n').length, 3);
  assert.match(said.error, /^# 3 more are left out.*\n# addresses were/);
  assert.deepEqual(JSON.parse((await say('open', '-o', 'json')).out), report);
});

test('a time that is none is not asked', async () => {
  queries = [];
  const said = await say('open', '--at', 'yesterday');
  assert.equal(said.code, 1);
  assert.match(said.error, /--at `yesterday` is no time/);
  assert.deepEqual(queries, []);
});

test('the log of acts is asked by window and told newest first', async () => {
  const said = await say('audit', 'list', '--action', 'exception.', '--since', '2h');
  assert.deepEqual(queries.pop(), { action: 'exception.', since: '2026-11-28T17:00:00.000Z', limit: 200 });
  assert.match(
    said.out,
    /^41 +60 min ago \(2026-11-28 18:00\) +ana +exception\.approved +exception\/01KB +\{"digest":"sha256:aaaa"\}$/m,
  );
  assert.match((await say('audit', 'list', '-o', 'csv')).out, /^seq,time,actor,action,subject,details\r\n41,2026/);
});

test('the state of the log says what does not work', async () => {
  const said = await say('audit', 'state');
  assert.match(said.out, /^writing +FAILS: acts that widen are refused$/m);
  assert.match(said.out, /^git:anchors +FAILS: no such remote; last 2 d ago \(2026-11-26 19:00\)$/m);
  assert.match(said.out, /^verified by control +60 min ago .*, 40 entries: FOUND 1: run exeat audit verify$/m);
});

test('the clock is reset with a reason, and says both times', async () => {
  const said = await say('clock', 'reset', '--reason', 'a bad time server');
  assert.deepEqual(queries.pop(), { reason: 'a bad time server' });
  assert.equal(said.out, 'the kept time was 2027-01-01T00:00:00.000Z and is 2026-11-28T19:00:00.000Z\n');
});

const report: OpenAnswer = {
  at: '2026-11-28T19:00:00.000Z',
  asRecorded: '2026-11-28T19:00:00.000Z',
  policyVersion: 'sha256:0123456789abcdef',
  openings: [
    {
      kind: 'grant',
      id: '01KB',
      service: 'payments-api',
      identities: ['credential:payments-api'],
      to: 'bank.example.com:443',
      owner: 'team-payments',
      reason: 'a test',
      approvedBy: ['ana', 'cyn'],
      since: '2026-11-28T17:00:00.000Z',
      until: '2026-11-29T01:00:00.000Z',
      lastUsed: null,
      from: '01KB',
      note: 'by a wildcard',
    },
  ],
  leftOut: 3,
  debt: { days: 30, connections: 100, grantConnections: 2, bytes: 0, grantBytes: 0 },
  notes: ['addresses were learned from 4 days of answers'],
};

const entry = {
  seq: 41,
  time: '2026-11-28T18:00:00.000Z',
  actor: 'ana',
  subject: 'exception/01KB',
  action: 'exception.approved',
  details: { digest: 'sha256:aaaa' },
};

const state: AuditState = {
  isVerifying: false,
  verification: {
    ...{ at: '2026-11-28T18:00:00.000Z', size: 40, findingCount: 1 },
    findings: [{ kind: 'altered', file: 'tile/entries/000.p/40', says: 'it is not what was signed' }],
  },
  size: 42,
  checkpoint: null,
  publicKey: null,
  isWritable: false,
  pendingActs: 1,
  anchors: [{ anchor: 'git:anchors', lastAt: '2026-11-26T19:00:00.000Z', problem: 'no such remote' }],
};

test('open --evidence writes the pack once, for its owner, and says how to check it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-cli-'));
  try {
    const file = join(folder, 'open.tar.gz');
    const said = await say('open', '--service', 'payments-api', '--at', '2026-11-01', '--evidence', file);
    assert.equal(said.code, 0, said.error);
    assert.deepEqual(queries.pop(), { service: 'payments-api', at: '2026-11-01T00:00:00.000Z' });
    assert.match(
      said.out,
      /^2 ways out with 1 act in .*; check it with `tar xzf .* && exeat audit verify exeat-open-1`\n$/,
    );
    assert.deepEqual([readFileSync(file, 'utf8'), statSync(file).mode & 0o777], ['packed', 0o600]);
    queries = [];
    const again = await say('open', '--evidence', file);
    assert.equal(again.code, 1);
    assert.match(again.error, /is there already, name another file with `--evidence`/);
    assert.deepEqual(queries, [], 'nothing was asked for that could not be written');
    assert.match((await say('open', '--evidence', join(folder, 'absent', 'x'))).error, /cannot be written \(ENOENT\)/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
