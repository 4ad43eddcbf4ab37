import { release } from 'node:os';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { commandFault } from './nft-fault.ts';
import type { NftLine } from './nft-line.ts';

/** What the kernel can. */
export interface KernelSkills {
  /** Adding an element again gives it its new time. Not so before Linux 6.12. */
  readonly renewsTimeouts: boolean;
}

// `socket wildcard` came with 5.11; sets of intervals of several fields, and times of their elements, with 5.6.
const oldestKernel: readonly [number, number] = [5, 11];
const scratch = 'inet exeat_probe';
const longSeconds = 600;

/**
 * Tries the kernel in a table of its own that hangs on no hook. Faults: `nft_missing`, `net_admin_missing`, `kernel_too_old`. An element
 * whose time is not renewed would go while DNS answers still tell of it, and nobody would notice: so it is tried, not assumed.
 */
export async function probeKernel(nft: NftLine, kernel: string = release()): Promise<Result<KernelSkills>> {
  if (isOlder(kernel)) {
    return failed(
      fault(
        'kernel_too_old',
        `kernel ${kernel} is too old, 5.11 or later is needed (6.12 renews timeouts without a detour)`,
      ),
    );
  }
  const add = (seconds: number): string => `add element ${scratch} tried { 1 timeout ${seconds}s }`;
  const first = await nft.run(
    ['-f', '-'],
    `table ${scratch} { }\ndelete table ${scratch}\ntable ${scratch} {\nset tried { type mark; flags timeout; }\n}\n${add(1)}\n`,
  );
  if (first.code !== 0) return failed(commandFault('nft', first));
  const again = await nft.commit([add(longSeconds)]);
  const shown = await nft.run(['-j', 'list', 'set', ...scratch.split(' '), 'tried']);
  await nft.run(['delete', 'table', ...scratch.split(' ')]);
  if (!again.ok) return again;
  return ok({ renewsTimeouts: mostLeft(shown.stdout) > longSeconds / 2 });
}

/** Whether a kernel (`6.1.0-18-amd64`) is older than all that the gateway can do with. */
export function isOlder(kernel: string): boolean {
  const [major, minor] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const [leastMajor, leastMinor] = oldestKernel;
  return (major ?? 0) < leastMajor || (major === leastMajor && (minor ?? 0) < leastMinor);
}

function mostLeft(shown: string): number {
  return Math.max(0, ...[...shown.matchAll(/"expires": *(\d+)/g)].map((match) => Number(match[1])));
}
