import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunOutcome, RunReport } from '../app/index.ts';
import { parsePolicyFiles } from '../policy/index.ts';
import { draftText, isUntouchedDraft } from './run-draft.ts';
import { runText } from './run-text.ts';

const reached = (host: string, more = {}): RunReport['reached'][number] => ({
  ...{ host, port: 443, protocol: 'tls', connections: 2, failures: 0, bytesUp: 10, bytesDown: 2048, wouldDeny: null },
  ...more,
});
const report: RunReport = {
  id: 'run',
  reached: [reached('b.example'), reached('a.example', { port: 80, protocol: 'http', wouldDeny: 'no_rule_matched' })],
  denied: [
    { host: 'c.example', port: 443, protocol: 'tls', reason: 'no_rule_matched', count: 3, id: '01J' },
    { host: 'd.example', port: null, protocol: null, reason: 'no_rule_matched', count: 1, id: '01J' },
    { host: 'e.example', port: 443, protocol: 'tls', reason: 'boundary_denied', count: 1, id: '01J' },
  ],
  names: 0,
  untold: 0,
};

describe('the draft of a run', () => {
  const source = { service: 'ci-job', command: 'make\nallow: everything', report };

  test('holds what was reached as rules whose reasons are to be written, and what was refused as comments', () => {
    const text = draftText(source);
    const lines = text.split('\n').filter((line) => /^ {2}/.test(line));
    assert.deepEqual(lines, [
      '  - { to: "b.example:443", reason: TODO }   # 2 connections, 10 B up, 2.0 KiB down',
      '  - { to: "http://a.example:80", reason: TODO }   # 2 connections, 10 B up, 2.0 KiB down, by no rule yet',
      '  # refused 3 times: c.example:443',
    ]);
    assert.match(text, /^# Command: make\\nallow: everything$/m);
  });

  test('is no policy that anything would load', () => {
    const { faults } = parsePolicyFiles([{ path: 'draft.yaml', text: draftText(source) }]);
    assert.ok(faults.length > 0);
  });

  test('is known as untouched until somebody changes it', () => {
    const text = draftText(source);
    assert.equal(isUntouchedDraft(text), true);
    assert.equal(isUntouchedDraft(text.replace('TODO', 'packages')), false);
    assert.equal(isUntouchedDraft('apiVersion: exeat/v1\n'), false);
  });
});

describe('the report of a run', () => {
  const start = {
    answer: {
      id: 'run',
      service: 'ci-job',
      mode: 'observe',
      policyVersion: 'v',
      readOnly: [],
      hidden: [],
      network: null,
    },
    isOwn: true,
    signal: () => undefined,
  } as const;
  const outcome = (more: Partial<RunOutcome>): RunOutcome => ({
    ...{ start, ending: { kind: 'ended', code: 0 }, report },
    ...more,
  });

  test('tells what enforce would refuse apart from what a rule allows', () => {
    const text = runText(outcome({}));
    assert.match(text, /Reached:\n.*\n {2}b\.example:443 +2 +0 +10 B +2\.0 KiB\n/);
    assert.match(
      text,
      /Reached, and refused once the service enforces:\n.*\n {2}http:\/\/a\.example:80 +2 +no_rule_matched\n/,
    );
    assert.match(text, /d\.example \(a question of DNS\) +1 /);
    assert.match(text, /e\.example:443 +1 +boundary_denied +nobody/);
  });

  test('moves no cursor by what the command named', () => {
    const denied = [
      { host: 'a\u001b[2Jb', port: 1, protocol: 'tls', reason: 'authority_malformed', count: 1, id: 'x' } as const,
    ];
    const text = runText(outcome({ report: { ...report, denied } }));
    assert.equal(text.includes('\u001b'), false);
  });

  test('says so where the point was gone', () => {
    assert.match(runText(outcome({ report: null })), /The point was gone/);
  });
});
