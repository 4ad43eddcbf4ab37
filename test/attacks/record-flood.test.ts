import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type VerdictRecord, verdictCount } from '../../src/policy/index.ts';
import { appPolicy } from '../support/app-policy.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { basicProof, connectHead, openRaw } from '../support/raw-client.ts';

// Anybody can send malformed requests, and any workload can ask for what it may not reach: neither may push history out of the spool.

const policy = appPolicy([['allowed.example:443', 'the only one']]);

// The end of a window of 10 s.
const windowMs = 15_000;

let product: RunningProduct;
let proof: string;
before(async () => {
  product = await startProduct({ policy: { 'flood.yaml': policy }, credentials: ['app'] });
  proof = basicProof('app', product.secretOf('app'));
});
after(() => product.stop());

describe('record flood', () => {
  test('a flood of malformed requests without proof writes few records, and their sum is the flood', async () => {
    for (let round = 0; round < 15; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => sendMalformed(round * 20 + i)));
    }
    const ofFlood = (record: VerdictRecord): boolean => record.reason === 'request_malformed';
    const written = await waitFor(
      async () => {
        const records = (await verdicts()).filter(ofFlood);
        return total(records) === 300 && records;
      },
      'the sum of the flood',
      windowMs,
    );
    assert.ok(written.length <= 102, `${written.length} records`);
    assert.ok(written.some(({ repeats }) => repeats !== undefined));
  });

  test('a workload that asks again and again for what it may not reach is counted, and each refusal is explained', async () => {
    const client = await openRaw(product.proxyPort);
    const ids: string[] = [];
    for (let i = 0; i < 300; i += 1) {
      client.send(connectHead('denied.example:443', { proof }));
      const head = await client.readUntil(/\(decision \S+\)[^\n]*\n/);
      assert.match(head, /^HTTP\/1\.1 403 /);
      ids.push(/\r\nExeat-Decision: (\S+)\r\n/.exec(head)?.[1] ?? '');
    }
    client.close();
    const told = ids.at(-1) ?? '';
    await product.waitForRecord((record) => record.id === told);
    // Long before the window ends.
    const early = await product.run('explain', told);
    assert.equal(early.code, 0, early.stderr);
    assert.match(early.stdout, /denied\.example:443/);
    const records = await waitFor(
      async () => {
        const found = (await verdicts()).filter(({ destination }) => destination?.host === 'denied.example');
        return total(found) === 300 && found;
      },
      'the sum of the denials',
      windowMs,
    );
    assert.ok(records.length <= 42, `${records.length} records`);
    const known = new Set(records.map(({ id }) => id));
    assert.ok(ids.every((id) => known.has(id)));
    const late = await product.run('explain', told);
    assert.match(late.stdout, /deny no_rule_matched \(name\), \d+ more times/);
  });

  test('status and metrics count every denial of the flood', async () => {
    const records = await verdicts();
    const ofSomebody = records.filter(({ principal, destination }) => principal !== null && destination !== null);
    const status = await product.run('status', '-o', 'json');
    const { connections } = JSON.parse(status.stdout) as { readonly connections: { readonly total: number } };
    assert.equal(connections.total, total(ofSomebody));
    assert.equal(connections.total, 300);
    const metrics = await (await fetch(`http://${product.console}/metrics`)).text();
    const denied = [...metrics.matchAll(/^exeat_decisions_total\{verdict="deny"[^}]*\} (\d+)$/gm)];
    assert.equal(
      denied.reduce((sum, match) => sum + Number(match[1]), 0),
      600,
    );
    const coalesced = records.reduce((sum, { repeats }) => sum + (repeats ?? 0), 0);
    assert.match(metrics, new RegExp(`^exeat_records_coalesced_total ${coalesced}$`, 'm'));
  });

  test('sums that are open when the product stops are written then', async () => {
    for (let i = 0; i < 80; i += 1) await sendMalformed(i);
    product.signal('SIGTERM');
    await product.ended;
    const ofFlood = (await verdicts()).filter(({ reason }) => reason === 'request_malformed');
    assert.equal(total(ofFlood), 380);
  });
});

async function sendMalformed(index: number): Promise<void> {
  const client = await openRaw(product.proxyPort);
  client.send(`GET /${index} HTTP/9.${index}\r\n\r\n`);
  assert.match((await client.readToEnd()).text, /^HTTP\/1\.1 400 /);
  client.close();
}

async function verdicts(): Promise<readonly VerdictRecord[]> {
  return (await product.records()).filter((record): record is VerdictRecord => record.kind === 'verdict');
}

function total(records: readonly VerdictRecord[]): number {
  return records.reduce((sum, record) => sum + verdictCount(record), 0);
}
