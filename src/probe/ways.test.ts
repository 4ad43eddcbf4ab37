import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bareTarget } from '../../test/support/probe-target.ts';
import { chooseWays } from './choose-ways.ts';
import { markText } from './mark.ts';
import { findLack } from './run-probe.ts';
import { settings } from './settings.ts';
import { groups, type ProbeTarget } from './way.ts';
import { ways } from './ways.ts';

const guide = join(import.meta.dirname, '../../docs/guide');

test('there are at least 25 ways, each with an id of its own that fits into a label of DNS', () => {
  assert.ok(ways.length >= 25, `${ways.length} ways`);
  assert.equal(new Set(ways.map(({ id }) => id)).size, ways.length);
  for (const { id } of ways) {
    assert.match(id, /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, id);
    assert.ok(markText({ token: '0123456789abcdef', way: id }).length <= 63, id);
  }
});

test('every group has ways', () => {
  for (const group of groups)
    assert.ok(
      ways.some((way) => way.group === group),
      group,
    );
});

test('every setting closes some way, and its link leads to a heading of the guide', () => {
  const used = new Set<string>(ways.map(({ closedBy }) => closedBy));
  for (const [name, { link }] of Object.entries(settings)) {
    assert.ok(used.has(name), `${name} closes nothing`);
    const [page = '', anchor] = link.split('#');
    const headings = [...readFileSync(join(guide, page), 'utf8').matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    );
    if (anchor !== undefined) assert.ok(headings.includes(anchor), link);
  }
});

test('a way that lacks what it needs says what, the first of several', () => {
  const lack = (id: string, target: Partial<ProbeTarget>): string | null => {
    const way = ways.find((one) => one.id === id);
    assert.ok(way, id);
    return findLack(way, { ...bareTarget, ...target });
  };
  assert.match(lack('tcp-443', {}) ?? '', /--canary-address/);
  assert.equal(lack('tcp-443', { ipv4: '203.0.113.7' }), null);
  assert.match(lack('tls-second-hello', { ipv4: '203.0.113.7', allowed: 'bank.example' }) ?? '', /--canary$/);
  assert.equal(lack('raw-gre', { ipv4: '203.0.113.7', helper: 'perl' }), 'needs root');
  assert.match(lack('raw-gre', { ipv4: '203.0.113.7', isRoot: true }) ?? '', /perl or python3/);
  assert.match(lack('local-route', { ipv4: '203.0.113.7', isRoot: true }) ?? '', /--intrusive/);
  assert.equal(lack('metadata-azure', {}), null);
});

test('ways are chosen by id, by group and by pattern, in the order of the scorecard', () => {
  const rows: readonly (readonly [words: readonly string[], first: string, count: number])[] = [
    [[], 'tcp-443', ways.length],
    [['dns-tcp', 'tcp-443'], 'tcp-443', 2],
    [['gateway'], 'gateway-ssh', 6],
    [['proxy-metadata-*'], 'proxy-metadata-address', 10],
    [['tcp-443', 'tcp-4*'], 'tcp-443', 2],
  ];
  for (const [words, first, count] of rows) {
    const chosen = chooseWays(words);
    assert.ok(chosen.ok);
    assert.deepEqual([chosen.value[0]?.id, chosen.value.length], [first, count], words.join(' '));
  }
});

test('a word that names no way is a fault with the nearest one', () => {
  for (const [word, says] of [
    ['tcp-44', /did you mean `tcp-443`/],
    ['everything', /the groups are tcp, tls/],
    ['.*', /names no way/],
  ] as const) {
    const chosen = chooseWays([word]);
    assert.ok(!chosen.ok);
    assert.match(chosen.fault.message, says);
  }
});
