import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets every other process go first: for control, whose compiling can keep all cores busy for seconds while the point decides. On
 * Linux a priority belongs to a thread (setpriority(2)), and the engine has started its own already, so each is told; threads
 * that start later inherit. Not being allowed to is no trouble: then the kernel shares as it does anyway.
 */
export function lowerPriority(): void {
  for (const thread of ownThreads()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // The thread ended meanwhile, or a sandbox forbids the call.
    }
  }
}

function ownThreads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    // No procfs: the process as a whole, which is its main thread.
    return [0];
  }
}
