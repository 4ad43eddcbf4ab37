import { DiskSpool } from './disk-spool.ts';
import type { Spool, SpoolOptions } from './spool.ts';

/** Opens the spool. A folder that cannot be written does not throw: the spool starts with `isKeeping` false, counts and tries again. */
export function createSpool(options: SpoolOptions): Spool {
  return new DiskSpool(options);
}
