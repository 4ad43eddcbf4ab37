import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '../../src/destination/index.ts';
import type { Resolver } from '../../src/enforcement/index.ts';

/** A resolver that knows `two.example.com` with 192.0.2.1 and 2001:db8::1, and no `absent.example.com`. */
export interface ResolverUnderTest {
  readonly resolver: Resolver;
  close(): Promise<void>;
}

/** What every `Resolver` must do, run on one implementation. */
export function checkResolver(name: string, make: () => Promise<ResolverUnderTest>): void {
  test(`${name}: both families of a name are given, and are held from then on`, async () => {
    const { resolver, close } = await make();
    const answer = await resolver.resolve('two.example.com');
    assert.ok(answer.ok);
    assert.deepEqual(answer.value.addresses.map((one) => one.text).sort(), ['192.0.2.1', '2001:db8::1']);
    assert.ok(answer.value.ttlSeconds > 0);
    for (const address of answer.value.addresses) assert.equal(resolver.holds('two.example.com', address), true);
    const other = parseIpAddress('192.0.2.2');
    assert.ok(other.ok);
    assert.equal(resolver.holds('two.example.com', other.value), false);
    await close();
  });

  test(`${name}: a name never asked for holds nothing`, async () => {
    const { resolver, close } = await make();
    const address = parseIpAddress('192.0.2.1');
    assert.ok(address.ok);
    assert.equal(resolver.holds('two.example.com', address.value), false);
    await close();
  });

  test(`${name}: trouble is a fault, never a rejection`, async () => {
    const { resolver, close } = await make();
    for (const odd of [
      'absent.example.com',
      '',
      '.',
      'a..b',
      'x'.repeat(300),
      'a\0b',
      'ä.example',
      'UPPER.example.com',
    ]) {
      const answer = await resolver.resolve(odd);
      assert.equal(answer.ok, false, `\`${odd}\``);
    }
    await close();
  });
}
