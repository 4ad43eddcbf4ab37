import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainGateway } from '../../../test/support/gateway-config.ts';
import { parseIpPrefix } from '../../destination/index.ts';
import { findTakenRange, readRunRanges, runAddresses, runCapacity } from './run-addresses.ts';

const rangesOf = (...ranges: readonly string[]): ReturnType<typeof readRunRanges> =>
  readRunRanges({ gateway: { ...plainGateway, run: { ranges } }, leases: [] });

describe('the addresses of runs', () => {
  test('begin behind that of the gateway, and are never the last one', () => {
    const ranges = rangesOf('198.18.71.8/29', 'fd65::8/125');
    assert.equal(runCapacity(ranges), 5);
    assert.deepEqual(runAddresses(ranges, 4), [
      { address: '198.18.71.14', gateway: '198.18.71.9' },
      { address: 'fd65::e', gateway: 'fd65::9' },
    ]);
    assert.deepEqual([runCapacity(rangesOf('10.0.0.0/30')), runCapacity(rangesOf('10.0.0.0/8'))], [1, 64]);
    assert.equal(runCapacity([]), 0);
  });

  test('are no part of what the configuration gives to somebody else', () => {
    assert.throws(() => rangesOf('10.9.0.1/24'), /host bits/);
    const gateway = { ...plainGateway, run: { ranges: ['10.9.0.0/24'] } };
    const neighbours = [{ address: '10.9.0.7', mac: '02:00:00:00:00:07' }];
    assert.throws(
      () => readRunRanges({ gateway: { ...gateway, neighbours }, leases: [] }),
      /the neighbour `10\.9\.0\.7`/,
    );
    const ipam = { name: 'ipam', ranges: ['10.0.0.0/8'] } as unknown as Parameters<
      typeof readRunRanges
    >[0]['leases'][0];
    assert.throws(
      () => readRunRanges({ gateway, leases: [ipam] }),
      /`10\.9\.0\.0\/24`.*the leases `ipam`: take another/,
    );
    assert.deepEqual(readRunRanges({ gateway: null, leases: [ipam] }), []);
  });

  test('are nowhere that a route of this machine leads to', () => {
    const route = (text: string): { prefix: ReturnType<typeof rangesOf>[0]; device: string } => {
      const prefix = parseIpPrefix(text);
      return { prefix: prefix.ok ? prefix.value : assert.fail(text), device: 'tun0' };
    };
    const ranges = rangesOf('10.9.0.0/24', 'fd65::/64');
    assert.match(findTakenRange(ranges, [route('10.0.0.0/8')]) ?? '', /meets the route `10\.0\.0\.0\/8 dev tun0`/);
    assert.match(findTakenRange(ranges, [route('fd65::7')]) ?? '', /`fd65::\/64`/);
    assert.equal(findTakenRange(ranges, [route('10.9.1.0/24'), route('fd66::/16')]), null);
    // The routes of the machine that this runs on can be read.
    assert.match(findTakenRange(rangesOf('127.0.0.0/8')) ?? 'none', /none|route/);
  });
});
