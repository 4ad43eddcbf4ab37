import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { parseIpPrefix } from '../destination/index.ts';
import { pacScript } from './pac.ts';

function find(script: string, host: string): unknown {
  const isInNet = (address: string, first: string, mask: string): boolean => {
    const word = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    return (word(address) & word(mask)) === (word(first) & word(mask));
  };
  return runInContext(
    `${script};FindProxyForURL("https://${host}/", ${JSON.stringify(host)})`,
    createContext({ isInNet }),
  );
}

test('the PAC file sends everything to the proxy but addresses inside segments, with no fallback', () => {
  const prefix = parseIpPrefix('10.60.0.0/16');
  assert.ok(prefix.ok);
  const script = pacScript('192.0.2.1:3128', [{ name: 'endpoints', ranges: [prefix.value], environment: null }]);
  assert.equal(find(script, 'bank-gateway.example.com'), 'PROXY 192.0.2.1:3128');
  assert.equal(find(script, '203.0.113.7'), 'PROXY 192.0.2.1:3128');
  assert.equal(find(script, '10.60.3.4'), 'DIRECT');
  assert.doesNotMatch(script, /; *DIRECT|endpoints/);
  assert.doesNotMatch(pacScript('[2001:db8::1]:3128', []), /DIRECT/);
});
