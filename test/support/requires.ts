import { accessSync, constants } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { delimiter, join } from 'node:path';

/** What a test may need of the machine: rights, a C compiler, IPv6 on loopback, or else the name of a program. */
export type Need = 'root' | 'compiler' | 'ipv6' | (string & {});

/**
 * The `skip` option of a test that needs something of the machine: `false` when all is there, else the reason, which the
 * runner prints. Example: `test('…', { skip: skipUnless('root', 'curl') }, …)`.
 */
export function skipUnless(...needs: readonly Need[]): string | false {
  const missing = needs.map(missingOf).filter((reason) => reason !== null);
  return missing.length === 0 ? false : missing.join(', ');
}

/** How big the long tests run: 0.1 under `npm test`, 1 under `npm run test:long` and when a file is run by hand. */
export function testScale(): number {
  const scale = Number(process.env['EXEAT_TEST_SCALE'] ?? '1');
  if (!(scale > 0 && scale <= 1)) throw new TypeError('"EXEAT_TEST_SCALE" is not above 0 and at most 1');
  return scale;
}

function missingOf(need: Need): string | null {
  if (need === 'root') return process.getuid?.() === 0 ? null : 'not root';
  if (need === 'ipv6') return hasIpv6Loopback() ? null : 'no IPv6 on loopback';
  if (need === 'compiler') return isOnPath('cc') ? null : 'no C compiler';
  return isOnPath(need) ? null : `no program \`${need}\``;
}

function hasIpv6Loopback(): boolean {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some((address) => address.address === '::1');
}

function isOnPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there or not ours to run: either way the test cannot use it.
    return false;
  }
}
