import type { Anchor } from './anchor.ts';
import { appendNote } from './append-note.ts';

/** Appends each checkpoint to a file: on another disk, a mount that only grows, a share of another machine. */
export function createPathAnchor(path: string): Anchor {
  return { name: `path ${path}`, send: (note) => appendNote(path, note) };
}
