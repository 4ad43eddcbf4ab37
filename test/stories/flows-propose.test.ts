import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Proposal, Shrinkage } from '../../src/flowmap/index.ts';
import { type CommandEnd, runExeat } from '../support/product.ts';

// Forty days of proxy logs and a file of settings become documents for review; reasons are filled in, and the check is good.

const folder = mkdtempSync(join(tmpdir(), 'exeat-propose-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const exeat = (...args: string[]): Promise<CommandEnd> => runExeat(args, { cwd: folder });

/** A machine of payments-api as a cloud prints it, that began before the logs and was started again in their middle. */
const paymentsInstance = {
  Reservations: [
    {
      Instances: [
        {
          InstanceId: 'i-0abc',
          LaunchTime: '2026-10-21T03:00:00+00:00',
          NetworkInterfaces: [
            { PrivateIpAddress: '10.20.0.5', Attachment: { AttachTime: '2026-09-01T10:00:00+00:00' } },
          ],
        },
      ],
    },
  ],
};

before(async () => {
  mkdirSync(join(folder, 'logs'));
  mkdirSync(join(folder, 'policy'));
  writeFileSync(join(folder, 'exeat.yaml'), 'policy: ./policy\ninventory: ./inventory.yaml\nstate: ./.exeat\n');
  writeFileSync(
    join(folder, 'inventory.yaml'),
    'services:\n  - { name: payments-api, owner: team-payments, sources: [ { cidr: 10.20.0.0/24 } ] }\n  - { name: ci-runner, kind: build, sources: [ { cidr: 10.21.0.0/24 } ] }\n',
  );
  writeFileSync(
    join(folder, 'logs/app.env'),
    ['bank-gateway.example.com', 'month-end.example.org', 'beat.example.org']
      .map((host, at) => `URL_${at}=https://${host}/\n`)
      .join(''),
  );
  writeFileSync(join(folder, 'logs/access.log'), squidLines().join(''));
  writeFileSync(join(folder, 'logs/instances.json'), JSON.stringify(paymentsInstance));
  const ingested = await exeat('flows', 'ingest', 'logs');
  assert.equal(ingested.code, 0, ingested.stderr);
});

function squidLines(): readonly string[] {
  const firstSecond = Date.UTC(2026, 9, 1) / 1000;
  const found: { readonly at: number; readonly line: string }[] = [];
  const add = (at: number, client: string, host: string): void => {
    const line = `${at}.000 90 ${client} TCP_TUNNEL/200 5000 CONNECT ${host}:443 - HIER_DIRECT/203.0.113.9 -\n`;
    found.push({ at, line });
  };
  for (let day = 0; day < 40; day += 1) {
    const midnight = firstSecond + day * 86_400;
    for (let hour = 8; hour < 18; hour += 1) {
      add(midnight + hour * 3600 + day * 13, '10.20.0.5', 'bank-gateway.example.com');
      add(midnight + hour * 3600 + 700 + day, '10.21.0.9', 'registry.npmjs.org');
      add(midnight + hour * 3600 + 900 + day * 7, '10.21.0.9', `s${(day + hour) % 6}.shard.example.net`);
    }
    for (let beat = 0; beat < 24; beat += 1) add(midnight + beat * 3600 + 5, '10.20.0.5', 'beat.example.org');
  }
  add(firstSecond + 20 * 86_400 + 43_200, '10.20.0.5', 'pastebin.com');
  add(firstSecond + 21 * 86_400 + 43_200, '10.20.0.5', 'once.example.net');
  return found.sort((a, b) => a.at - b.at).map(({ line }) => line);
}

test('documents are written for review, fail the check until reasons are there, and then are good', async () => {
  const proposed = await exeat('flows', 'propose', '--to', 'policy');
  assert.equal(proposed.code, 0, proposed.stderr);
  assert.match(proposed.stderr, /# payments-api: 2 entries proposed, 2 listed apart; ready; seen on 40 of 40 days/);
  assert.match(proposed.stderr, /# payments-api: .*, a month end, restarts: 1, /);
  assert.match(proposed.stderr, /# ci-runner: .*, restarts: unknown \(no export/);
  assert.match(readFileSync(join(folder, 'policy/payments-api.yaml'), 'utf8'), /^# ready; .*, restarts: 1, /m);
  assert.match(proposed.stderr, /# declared and never seen: month-end\.example\.org:443/);
  assert.match(proposed.stderr, /never shown: /);
  const unfilled = await exeat('policy', 'check');
  assert.equal(unfilled.code, 1);
  assert.match(unfilled.stdout, /reason `TODO` is a placeholder/);
  for (const name of ['payments-api.yaml', 'ci-runner.yaml']) {
    const path = join(folder, 'policy', name);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('reason: TODO', 'reason: seen and meant'));
  }
  const filled = await exeat('policy', 'check');
  assert.equal(filled.code, 0, filled.stdout);
  assert.match(readFileSync(join(folder, 'policy/ci-runner.yaml'), 'utf8'), /- to: "\*\.shard\.example\.net:443"/);
});

test('what is in force is not proposed again, and files that people filled in are not overwritten', async () => {
  const again = await exeat('flows', 'propose', '-o', 'json');
  const proposal = JSON.parse(again.stdout) as Proposal;
  const rows = proposal.services.map(({ service, entries, alreadyAllowed }) => [
    service,
    entries.length,
    alreadyAllowed,
  ]);
  assert.deepEqual(rows, [
    ['ci-runner', 0, 7],
    ['payments-api', 0, 2],
  ]);
  const reasons = proposal.services.flatMap(({ apart }) =>
    apart.flatMap((one) => one.reasons.map(({ reason }) => reason)),
  );
  assert.deepEqual(reasons, ['one_off', 'undeclared_alone', 'paste_site', 'one_off', 'undeclared_alone']);
  const refused = await exeat('flows', 'propose', '--to', 'policy');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /was written or changed by somebody: name another folder, or overwrite it with --force/);
});

test('a policy shrinks to what the window used, and says what that closes', async () => {
  const shrunk = await exeat('flows', 'propose', '--shrink', '--service', 'ci-runner');
  assert.equal(shrunk.code, 0, shrunk.stderr);
  assert.match(
    shrunk.stderr,
    /# closes: ci-runner\/allow\/\*\.shard\.example\.net:443 -> s0\.shard\.example\.net:443, /,
  );
  assert.match(shrunk.stdout, /- to: "s5\.shard\.example\.net:443"/);
  assert.doesNotMatch(shrunk.stdout, /- to: "\*\.shard|untouched/);
  const short = await exeat('flows', 'propose', '--shrink', '--since', '2026-11-01', '-o', 'json');
  assert.equal(short.code, 1);
  assert.match(short.stderr, /nothing was shrunk: no service has 14 days with a month end/);
  assert.equal((JSON.parse(short.stdout) as Shrinkage).skipped.length, 2);
});

test('flags that make no sense are refused', async () => {
  for (const args of [
    ['--wildcard-from', '1'],
    ['--night', '25-3'],
    ['--since', 'yesterday'],
    ['--service', 'nobody'],
  ]) {
    const refused = await exeat('flows', 'propose', ...args);
    assert.equal(refused.code, 1, args.join(' '));
    assert.match(refused.stderr, new RegExp(args[1] ?? ''));
  }
});
