import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Reason, VerdictRecord } from '../../src/policy/index.ts';
import { socksAuth, socksConnect } from '../support/ask-proxy.ts';
import { decisionCaseNow } from '../support/decision-cases.ts';
import { firstVerdict, playSession } from '../support/play-session.ts';
import { policyOf, ruleNode, serviceNode } from '../support/policy-fixture.ts';
import { freePorts, repositoryFolder } from '../support/quickstart-copy.ts';
import { basicProof, connectHead } from '../support/raw-client.ts';
import { type RawStory, startRawStory } from '../support/raw-story.ts';

// The page of failure modes, what lies behind the proxy, and deciding itself. Trust and state have stories of their own beside this one.

describe('docs/failure-modes.md', () => {
  const page = readFileSync(join(repositoryFolder, 'docs/failure-modes.md'), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| (?!dependency|---)/.test(line));

  test('has a row for each dependency, with behaviour, signal and test', () => {
    assert.ok(rows.length >= 35, `${rows.length} rows`);
    for (const row of rows) assert.equal(row.split(' | ').length, 4, row);
    for (const word of [
      ...['clock', 'disk', 'resolver', 'JWKS', 'policy files', 'snapshot', 'control', 'credential file'],
      ...[
        'listener certificate',
        'revocation list',
        'state lock',
        'memory',
        'descriptors',
        'point',
        'supervisor',
        'lake',
      ],
    ]) {
      assert.ok(
        rows.some((row) => row.startsWith(`| ${word}`)),
        word,
      );
    }
  });

  test('names tests that are there', () => {
    assert.deepEqual(rows.flatMap(findMissingTests), []);
  });
});

describe('what lies behind the proxy fails', () => {
  let story: RawStory;
  let closedPort: number;
  before(async () => {
    [closedPort = 0] = await freePorts(1);
    story = await startRawStory({
      config: {
        hosts: { 'down.example': '127.0.0.1' },
        localOrigins: [`127.0.0.1:${closedPort}`],
        resolver: { servers: [`127.0.0.1:${closedPort}`] },
      },
      rules: [`tcp://down.example:${closedPort}`, `tcp://nowhere.example:${closedPort}`],
    });
  });
  after(() => story?.stop());

  for (const [what, host, failure] of [
    ['the resolver does not answer', 'nowhere.example', 'resolver_failed'],
    ['the destination is down', 'down.example', 'upstream_unreachable'],
  ] as const) {
    test(`${what}: 502, and an allow that is followed by a close record with ${failure}`, async () => {
      const answer = await story.ask(`${host}:${closedPort}`);
      assert.deepEqual([answer.status, answer.reason], [502, failure]);
      const isMine = (record: { kind: string }): boolean =>
        record.kind === 'verdict' && (record as VerdictRecord).destination?.host === host;
      const verdict = (await story.product.waitForRecord(isMine)) as VerdictRecord;
      assert.equal(verdict.verdict, 'allow');
      const close = await story.product.waitForRecord((each) => each.kind === 'close' && each.flow === verdict.flow);
      assert.equal(close.kind === 'close' && close.failure, failure);
      const metrics = await story.metrics();
      assert.match(metrics, new RegExp(`^exeat_unreachable_total\\{failure="${failure}"\\} 1$`, 'm'));
    });
  }
});

describe('deciding fails inside', () => {
  const policy = policyOf([serviceNode('payments-api', { allow: [ruleNode('bank.example.com:443')] })]);
  const proof = basicProof('payments-api', 'secret');
  const forms: Readonly<Record<string, readonly Uint8Array[]>> = {
    CONNECT: [Buffer.from(connectHead('bank.example.com:443', { proof }))],
    SOCKS5: [
      Uint8Array.of(5, 1, 2),
      socksAuth({ name: 'payments-api', secret: 'secret' }),
      socksConnect({ host: 'bank.example.com', port: 443 }),
    ],
  };
  const broken = (): never => {
    throw new Error('a defect of ours');
  };

  for (const question of ['identify', 'decide', 'approve'] as const) {
    test(`whatever \`${question}\` throws is a deny with decision_failed, and nothing is dialled`, () => {
      for (const [form, parts] of Object.entries(forms)) {
        const whole = playSession({ policy, nowMs: decisionCaseNow, parts });
        assert.equal(firstVerdict(whole)?.verdict, 'allow', form);
        const played = playSession({ policy, nowMs: decisionCaseNow, parts, judge: { [question]: broken } });
        const record = firstVerdict(played);
        const reason: Reason | undefined = record?.reason;
        assert.deepEqual([record?.verdict, reason], ['deny', 'decision_failed'], form);
        assert.equal(played.commands.includes('dial'), false, form);
        assert.doesNotMatch(played.sent, /a defect of ours/);
      }
    });
  }
});

/** What is wrong with the last cell of a row: `file`: name of a test; … stands for what a table of the test fills in. */
function findMissingTests(row: string): readonly string[] {
  const cell = row.split(' | ')[3] ?? '';
  const named = [...cell.matchAll(/`((?:src|test)\/[^`]+)`: ([^;|]+)/g)];
  if (named.length === 0) return [`no test is named: ${row}`];
  return named.flatMap(([, path = '', name = '']) => {
    const file = join(repositoryFolder, path);
    if (!existsSync(file)) return [`${path} is not there`];
    const text = readFileSync(file, 'utf8').replaceAll("\\'", "'");
    const parts = name.split('…').map((part) => part.trim());
    return parts.filter((part) => !text.includes(part)).map((part) => `${path} has no \`${part}\``);
  });
}
