import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { edgeOf } from '../../../test/support/answer-parts.ts';
import { createReach, type Reach } from './reach.ts';

const answers = [
  { name: 'portal.example.com', resolver: '10.0.0.53', addresses: ['10.60.0.5'], clients: 1, questions: 1 },
  { name: 'www.example.com', resolver: '10.0.0.53', addresses: ['203.0.113.5'], clients: 1, questions: 1 },
];

const cases: readonly (readonly [to: string, addresses: readonly string[], reach: Reach])[] = [
  ['203.0.113.9:443', [], 'internet'],
  ['10.60.0.9:5432', [], 'inside'],
  ['[fd00::9]:443', [], 'inside'],
  ['127.0.0.1:80', [], 'inside'],
  ['169.254.169.254:80', [], 'platform'],
  ['metadata.google.internal:80', ['10.0.0.1'], 'platform'],
  ['shop.example.com:443', [], 'internet'],
  ['shop.example.com:443', ['10.60.0.9'], 'inside'],
  ['shop.example.com:443', ['10.60.0.9', '203.0.113.9'], 'internet'],
  ['shop.example.com:443', ['127.0.0.1'], 'internet'],
  ['portal.example.com:443', [], 'inside'],
  ['portal.example.com:443', ['203.0.113.9'], 'internet'],
  ['www.example.com:443', [], 'internet'],
  ['api.payments.svc.cluster.local:443', [], 'inside'],
  ['db.corp:5432', [], 'inside'],
  ['intranet:80', [], 'inside'],
];

describe('where an edge leads', () => {
  const reachOf = createReach(answers);
  for (const [to, addresses, reach] of cases) {
    test(`${to} at ${addresses.join(', ') || 'an address nobody saw'} leads to ${reach}`, () => {
      assert.equal(reachOf(edgeOf(`payments-api -> ${to}`, { addresses })), reach);
    });
  }
});
