import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { KernelClient, KernelPlan } from '../../src/gateway/index.ts';
import { at, type GatewayBed, openAt, openGatewayBed, pause, planOf, toldAt, until } from '../support/gateway-bed.ts';
import { skipUnless, testScale } from '../support/requires.ts';

const serviceCount = 1_000;
const entriesEach = 10;

describe('many services', { skip: skipUnless('root', 'ip', 'nft') }, () => {
  let bed: GatewayBed;
  let client: KernelClient;

  before(async () => {
    bed = await openGatewayBed();
    for (const port of [5432, 9000]) await bed.origin.tell({ does: 'listen', host: at.origin[4], port });
    await bed.startHelper();
    client = bed.connect();
    await until(() => client.isConnected(), 'the helper');
  });
  after(() => bed?.close());

  test('a plan of 1,000 services is in force within seconds, and holds', async (context) => {
    const beganAt = performance.now();
    const applied = await client.apply(bigPlan());
    assert.ok(applied.ok, JSON.stringify(applied));
    context.diagnostic(
      `${serviceCount} services of ${entriesEach} entries: ${(performance.now() - beganAt).toFixed(0)} ms`,
    );
    const open = (port: number): ReturnType<GatewayBed['workload']['tell']> =>
      bed.workload.tell({ does: 'open', host: at.origin[4], port });
    assert.equal((await open(5432)).result, `${at.origin[4]} 5432 ${at.workload[4]}`);
    assert.equal((await open(9000)).result, 'ECONNREFUSED');
  });

  test('an answer is in force fast, alone and among many', async (context) => {
    await pause(2_000);
    const times: number[] = [];
    const rounds = Math.ceil(1_000 * testScale());
    for (let round = 0; round < rounds; round++) {
      const beganAt = performance.now();
      assert.ok(await client.learn([{ ...toldAt(`198.18.${round >> 8}.${round & 255}`, 9000), seconds: 300 }]));
      times.push(performance.now() - beganAt);
    }
    const sorted = times.sort((a, b) => a - b);
    const share = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(2);
    context.diagnostic(`one by one: p50 ${share(0.5)} ms, p99 ${share(0.99)} ms`);
    const beganAt = performance.now();
    const many = Array.from({ length: 500 }, (_, index) =>
      client.learn([{ ...toldAt(`198.19.${index >> 8}.${index & 255}`, 9000), seconds: 300 }]),
    );
    assert.ok((await Promise.all(many)).every(Boolean));
    context.diagnostic(`500 at once: ${(performance.now() - beganAt).toFixed(0)} ms`);
  });
});

describe('a kernel that keeps the old time of an element', { skip: skipUnless('root', 'ip', 'nft', 'perl') }, () => {
  let bed: GatewayBed;
  before(async () => {
    bed = await openGatewayBed();
    await bed.origin.tell({ does: 'listen', host: at.other[4], port: 9000 });
  });
  after(() => bed?.close());

  test('is noticed, and elements are made anew', async () => {
    const folder = join(bed.folder, 'bin');
    mkdirSync(folder);
    writeFileSync(join(folder, 'nft'), oldNft);
    chmodSync(join(folder, 'nft'), 0o755);
    await bed.startHelper(`${folder}:${process.env['PATH']}`);
    const client = bed.connect();
    await until(() => client.isConnected(), 'the helper');
    const status = await client.status();
    assert.deepEqual(status.ok && status.value.renewsTimeouts, false);
    assert.ok((await client.apply(planOf([]))).ok);
    assert.ok(await client.learn([{ ...toldAt(at.other[4], 9000), seconds: 1 }]));
    assert.ok(await client.learn([{ ...toldAt(at.other[4], 9000), seconds: 60 }]));
    await pause(1_500);
    const met = await bed.workload.tell({ does: 'open', host: at.other[4], port: 9000 });
    assert.equal(met.result, `${at.other[4]} 9000 ${at.workload[4]}`);
  });
});

function bigPlan(): KernelPlan {
  const plan = planOf([openAt(at.origin[4], 5432)]);
  const sources = [...plan.sources];
  const open = [...plan.open];
  for (let service = 0; service < serviceCount; service++) {
    const serviceId = 1_000 + service;
    const address = `10.10.${service >> 8}.${service & 255}`;
    sources.push({ family: 4, from: address, to: address, serviceId });
    for (let entry = 0; entry < entriesEach; entry++) {
      open.push(
        openAt(`198.18.${service % 256}.${entry}`, 5432, { serviceId, to: `198.18.${service % 256}.${entry}` }),
      );
    }
  }
  return { ...plan, sources, open };
}

// An nft that leaves out the adding of an element that was added before and not deleted since, as a kernel before 6.12 does in effect.
const oldNft = `#!/usr/bin/env perl
use strict; my $real = (grep { -x } '/usr/sbin/nft', '/sbin/nft')[0]; my %held;
my $file = '/tmp/.exeat-old-nft-' . getppid();
if (!grep { $_ eq '-i' } @ARGV) { exec $real, @ARGV unless grep { $_ eq '-f' } @ARGV; }
open(my $out, '|-', $real, @ARGV) or die; select((select($out), $| = 1)[0]); $SIG{PIPE} = 'IGNORE';
if (open(my $in, '<', $file)) { chomp, $held{$_} = 1 for <$in>; }
while (my $line = <STDIN>) {
  chomp $line; my @kept;
  for my $command (split /; (?=add|delete)/, $line) {
    if ($command =~ /^add element (\\S+ \\S+ \\S+) \\{ (.*) timeout \\d+s \\}$/) { next if $held{"$1 $2"}; $held{"$1 $2"} = 1; }
    elsif ($command =~ /^delete element (\\S+ \\S+ \\S+) \\{ (.*) \\}$/) { delete $held{"$1 $2"}; }
    push @kept, $command;
  }
  print $out join('; ', @kept), "\\n";
  if (open(my $save, '>', $file)) { print $save "$_\\n" for keys %held; close $save; }
}
close $out; unlink $file if grep { $_ eq '-i' } @ARGV; exit($? >> 8);
`;
