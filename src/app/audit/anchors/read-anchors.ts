import { join } from 'node:path';
import type { CheckpointSource } from '../../../audit/index.ts';
import type { AnchorConfig } from '../../../config/index.ts';
import { readText } from '../verify-folder.ts';
import { gitAnchorFile } from './anchor.ts';

/** The checkpoints of the anchors that this machine can read: those in files. `missing` says which could not be read, and why. */
export interface ReadAnchors {
  readonly sources: readonly CheckpointSource[];
  readonly missing: readonly string[];
}

/** Reads the anchors that are files: `path`, and the work tree of `git`. */
export async function readAnchors(anchors: readonly AnchorConfig[]): Promise<ReadAnchors> {
  const sources: CheckpointSource[] = [];
  const missing: string[] = [];
  for (const anchor of anchors) {
    const path = fileOf(anchor);
    if (path === null) continue;
    const text = await readText(path);
    if (text.ok) sources.push({ name: path, text: text.value });
    else missing.push(text.fault.message);
  }
  return { sources, missing };
}

function fileOf(anchor: AnchorConfig): string | null {
  if (anchor.kind === 'path') return anchor.path;
  return anchor.kind === 'git' ? join(anchor.folder, gitAnchorFile) : null;
}
