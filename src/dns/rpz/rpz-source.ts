import type { Fault } from '../../base/index.ts';
import type { RpzZone } from './rpz-zone.ts';

/** Where a policy zone comes from, and keeps coming from. The last good version stays in force whatever happens to newer ones. */
export interface RpzSource {
  /** The version in force, or null before the first one. */
  current(): RpzZone | null;
  /** Why there is none, or no newer one, or why it is old; null when all is well. */
  problem(): Fault | null;
  /** Ends timers and connections; resolves when nothing runs any more. */
  close(): Promise<void>;
}
