import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whom the command runs as, outside its namespace. */
export interface RunUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * Whether a user without capabilities comes to a path: may search each folder above it. Root looks through what it cannot reach itself once
 * it is without its capabilities, so the modes are read; for ourselves the kernel is asked, which knows access lists too.
 */
export function mayReach(path: string, user: RunUser): boolean {
  if (user.uid === process.getuid?.() && user.uid !== 0) return isAllowed(dirname(path), constants.X_OK);
  for (let at = dirname(path); ; at = dirname(at)) {
    if (!holds(at, user, 1)) return false;
    if (at === '/') return true;
  }
}

/** Whether that user may read a file or list a folder. */
export function mayRead(path: string, user: RunUser): boolean {
  if (user.uid === process.getuid?.() && user.uid !== 0) return isAllowed(path, constants.R_OK);
  return holds(path, user, 4);
}

/** Whether that user may put names into a folder, or take them away. */
export function mayChange(folder: string, user: RunUser): boolean {
  if (user.uid === process.getuid?.() && user.uid !== 0) return isAllowed(folder, constants.W_OK);
  return holds(folder, user, 2);
}

// The class of the owner decides for the owner, even where others may more (path_resolution(7)).
function holds(path: string, user: RunUser, bit: number): boolean {
  try {
    const { mode, uid, gid } = statSync(path);
    const shift = uid === user.uid ? 6 : gid === user.gid || user.groups.includes(gid) ? 3 : 0;
    return ((mode >> shift) & bit) !== 0;
  } catch {
    return false;
  }
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
