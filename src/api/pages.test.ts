import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictRecord } from '../../test/support/verdict-record.ts';
import { requestLine, requestPage } from './pages.ts';

const record = verdictRecord({
  verdict: 'deny',
  reason: 'no_rule_matched',
  principal: { service: 'ci-runner', identity: 'credential:ci-runner', strength: 'shared-secret' },
  destination: { host: 'example.org', port: 443, protocol: 'tls', address: null, class: 'ordinary' },
  ruleIds: ['never shown'],
});

test('the page of a denial says what was denied and holds the line that asks, and no rule text', () => {
  const html = requestPage(record.id, record, true);
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
  assert.doesNotMatch(requestPage(record.id, { ...record, destination }, true), /<script>/);
  assert.doesNotMatch(requestPage('<b>', null, true), /<b>/);
  assert.equal(
    requestLine({ decisionId: 'D', to: "a';rm -rf ~;'", service: '$(id)' }),
    "exeat exception request --service '$(id)' --to 'a'\\'';rm -rf ~;'\\''' --for 8h --owner OWNER --reason 'WHY IT IS NEEDED' --decision D",
  );
});
