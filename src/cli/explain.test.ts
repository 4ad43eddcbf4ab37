import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Said, sayWith } from '../../test/support/control-stub.ts';
import type { FlowTrace } from '../app/index.ts';
import type { CloseRecord, DecisionRecord, FlowShare, VerdictRecord } from '../policy/index.ts';

const start = Date.parse('2026-11-23T12:00:00.000Z');
const timeChars = '01M844DZG0'; // of `start`, as a ULID has it
const idOf = (number: number): string => `${timeChars}${String(number).padStart(16, '0')}`;
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
const db = { host: 'db.example.com', port: 5432, protocol: 'tcp', class: 'ordinary' } as const;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-cli-explain-'));
  mkdirSync(join(folder, 'state', 'spool'), { recursive: true });
  writeFileSync(join(folder, 'exeat.yaml'), 'policy: ./policy\nstate: ./state\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeSpool(records: readonly DecisionRecord[], beganAt = start - 60_000): void {
  const name = `decisions-${String(beganAt).padStart(14, '0')}-000000.ndjson`;
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  writeFileSync(join(folder, 'state', 'spool', name), text);
}

const say = (id: string, ...more: readonly string[]): Promise<Said> =>
  sayWith({ EXEAT_CONFIG: join(folder, 'exeat.yaml') }, 'explain', id, ...more);

async function traceOf(id: string): Promise<FlowTrace> {
  const said = await say(id, '-o', 'json');
  assert.equal(said.code, 0, said.error);
  return (JSON.parse(said.out) as { readonly trace: FlowTrace }).trace;
}

function verdict(id: number, flow: number, more: Partial<VerdictRecord>): VerdictRecord {
  return {
    ...{ kind: 'verdict', id: idOf(id), flow: idOf(flow), time: at(0), point: 'gateway', stage: 'address' },
    ...{ verdict: 'allow', reason: 'rule_matched', wouldDeny: false, wouldDenyReason: null, source: '10.9.0.2:0' },
    principal: { service: 'workload', identity: 'source:10.9.0.2/32', strength: 'network' },
    destination: { ...db, address: '203.0.113.7' },
    ...{ innerHost: 'unseen', ruleIds: ['workload/allow/tcp://db.example.com:5432'], grantId: null },
    policyVersion: null,
    ...more,
  };
}

function asked(id: number, more: Partial<VerdictRecord> = {}): VerdictRecord {
  return verdict(id, id, {
    ...{ point: 'dns', stage: 'name', source: '10.9.0.2:40000', query: 'A' },
    destination: { ...db, port: null, protocol: null, address: null },
    answer: { addresses: ['203.0.113.7', '203.0.113.8'], ttlSeconds: 60 },
    ...more,
  });
}

function closed(
  id: number,
  flow: number,
  more: Partial<CloseRecord> = {},
  share: Partial<FlowShare> = {},
): CloseRecord {
  return {
    ...{ kind: 'close', id: idOf(id), flow: idOf(flow), time: at(301), bytesUp: 1_834, bytesDown: 99_120 },
    ...{ durationMs: 300_000, endedBy: 'timeout', failure: null, packets: { up: 12, down: 80 } },
    share: {
      ...{ source: '10.9.0.2:0', service: 'workload', destination: { ...db, address: '203.0.113.7' } },
      ...{ bytesUp: 1_834, bytesDown: 99_120, durationMs: 300_000, ...share },
    },
    ...more,
  };
}

describe('exeat explain of a flow of the gateway', () => {
  test('shows the answer of DNS, the decision and the packets, whichever of them the id is of', async () => {
    writeSpool([asked(1), verdict(2, 1, { time: at(1) }), closed(3, 1)]);
    for (const id of [1, 2, 3]) {
      const { out } = await say(idOf(id));
      assert.match(out, /dns +A db\.example\.com: 203\.0\.113\.7, 203\.0\.113\.8 for 60 s\n/);
      assert.match(
        out,
        /decision +allow rule_matched \(address\): db\.example\.com:5432 at 203\.0\.113\.7, by workload/,
      );
      assert.match(out, /passed +tcp 10\.9\.0\.2 -> 203\.0\.113\.7:5432: 1\.8 KiB in 12 packets up, 96\.8 KiB in 80/);
      assert.match(out, /ended by timeout \(no packet for 5 minutes\) after 300 s/);
      assert.ok(
        out.indexOf(' dns ') < out.indexOf(' decision ') && out.indexOf(' decision ') < out.indexOf(' passed '),
      );
      const { dns, decisions, passages } = await traceOf(idOf(id));
      assert.deepEqual([dns.missing, decisions.missing, passages.missing], [null, null, null]);
      assert.deepEqual(passages.found[0]?.packets, { up: 12, down: 80 });
    }
    const report = JSON.parse((await say(idOf(3), '-o', 'json')).out) as { readonly record: VerdictRecord };
    assert.equal(report.record.id, idOf(2), 'the bytes of an address are explained by the verdict on it');
  });

  test('keeps the addresses of one answer apart, and finds what ended after another of them had', async () => {
    const other = { ...db, address: '203.0.113.8' };
    writeSpool([
      ...[asked(1), verdict(2, 1, { time: at(1) }), verdict(3, 1, { time: at(1), destination: other })],
      ...[closed(4, 1), closed(5, 1, { time: at(400), endedBy: 'policy_changed' }, { destination: other })],
    ]);
    const { passages } = await traceOf(idOf(1));
    assert.deepEqual(
      passages.found.map(({ address, state, endedBy }) => [address, state, endedBy]),
      [
        ['203.0.113.7', 'ended', 'timeout'],
        ['203.0.113.8', 'ended', 'policy_changed'],
      ],
    );
  });

  test('says that a flow is still open, and that nothing was counted yet', async () => {
    writeSpool([asked(1), verdict(2, 1, { time: at(1) })]);
    assert.match((await say(idOf(1))).out, /not counted yet.*still open/);
  });

  test('finds the question of the same source for a connection that is read by name, and the other way round', async () => {
    const web = { host: 'web.example.com', port: 443, protocol: 'tls', class: 'ordinary' } as const;
    const answer = asked(1, { destination: { ...web, port: null, protocol: null, address: null } });
    const more = { source: '10.9.0.2:40001', destination: { ...web, address: '203.0.113.7' }, time: at(2) };
    const stranger = { ...more, source: '10.9.0.9:40001' };
    writeSpool([answer, verdict(2, 3, more), verdict(4, 5, stranger), closed(6, 3, { endedBy: 'client' }, more)]);
    for (const id of [1, 2, 6]) {
      const { dns, decisions, passages } = await traceOf(idOf(id));
      assert.deepEqual([dns.found.map((one) => one.isOfFlow), decisions.found.length], [[id === 1], 1], idOf(id));
      assert.deepEqual(
        [passages.found.length, passages.found[0]?.plane, passages.found[0]?.endedBy],
        [1, 'name', 'client'],
      );
    }
  });
});

describe('what is missing says why', () => {
  const denied = { verdict: 'deny', reason: 'no_rule_matched', ruleIds: [] } as const;
  const missing = async (id: number): Promise<readonly (string | null)[]> => {
    const { dns, decisions, passages } = await traceOf(idOf(id));
    return [dns.missing, decisions.missing, passages.missing];
  };

  test('a name that was denied', async () => {
    const { answer: _, ...record } = asked(1, denied);
    writeSpool([record]);
    assert.deepEqual(await missing(1), [
      null,
      'denied before: the name was not answered',
      'denied before: nothing was opened',
    ]);
    assert.match(
      (await say(idOf(1))).out,
      /dns +A db\.example\.com: denied, no_rule_matched\n.*- +decision +denied before/,
    );
  });

  test('an address that nobody asked for, allowed and denied', async () => {
    const bare = { ...db, host: '203.0.113.7', address: '203.0.113.7' };
    writeSpool([verdict(1, 2, { destination: bare }), verdict(3, 4, { ...denied, destination: bare })]);
    assert.deepEqual(await missing(1), ['never asked: a rule for the address itself opens it', null, null]);
    assert.deepEqual(await missing(3), [
      'never asked: no answer of DNS had told this service of the address',
      null,
      'denied: nothing passed',
    ]);
  });

  test('an answer that nobody used', async () => {
    writeSpool([asked(1)]);
    assert.deepEqual(await missing(1), [
      null,
      'the gateway saw no connection of this source to it',
      'no packet of it was seen',
    ]);
  });

  test('records that the budget of the disk removed', async () => {
    const gone = 'its records were removed from the spool by the disk budget';
    writeSpool([closed(3, 1)], start + 1_000);
    assert.deepEqual(await missing(3), [gone, gone, null]);
    const { code, out } = await say(idOf(3));
    assert.equal(code, 0);
    assert.match(out, /passed +tcp .* ended by timeout/);
    assert.match(out, /the decision was removed from the spool/);
  });
});
