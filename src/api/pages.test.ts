import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerdictRecord } from '../policy/index.ts';
import { requestLine, requestPage } from './pages.ts';

const record: VerdictRecord = {
  kind: 'verdict',
  id: '01KAR6F1R8000000000000000A',
  flow: '01KAR6F1R8000000000000000B',
  time: '2026-11-23T12:00:00.000Z',
  point: 'proxy',
  stage: 'name',
  verdict: 'deny',
  reason: 'no_rule_matched',
  wouldDeny: false,
  wouldDenyReason: null,
  source: '192.0.2.7:51234',
  principal: { service: 'ci-runner', identity: 'credential:ci-runner', strength: 'shared-secret' },
  destination: { host: 'example.org', port: 443, protocol: 'tls', address: null, class: 'ordinary' },
  innerHost: 'unseen',
  ruleIds: ['never shown'],
  grantId: null,
  policyVersion: 'sha256:00',
  mode: 'enforce',
};

test('the page of a denial says what was denied and holds the line that asks, and no rule text', () => {
  const html = requestPage(record.id, record);
  assert.match(html, /ci-runner was denied example\.org:443 \(no_rule_matched\)/);
  assert.match(html, /exeat exception request --service ci-runner --to example\.org:443 --for 8h/);
  assert.match(html, /--decision 01KAR6F1R8000000000000000A/);
  assert.doesNotMatch(html, /never shown|192\.0\.2\.7/);
});

test('markup and shell words in what was asked for stay text', () => {
  const destination = {
    host: '<script>alert(1)</script>',
    port: 443,
    protocol: null,
    address: null,
    class: 'ordinary',
  } as const;
  assert.doesNotMatch(requestPage(record.id, { ...record, destination }), /<script>/);
  assert.doesNotMatch(requestPage('<b>', null), /<b>/);
  assert.equal(
    requestLine({ decisionId: 'D', to: "a';rm -rf ~;'", service: '$(id)' }),
    "exeat exception request --service '$(id)' --to 'a'\\'';rm -rf ~;'\\''' --for 8h --owner OWNER --reason 'WHY IT IS NEEDED' --decision D",
  );
});
