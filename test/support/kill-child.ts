import { readFileSync } from 'node:fs';
import type { RunningProduct } from './product.ts';

/** The process of a child of the running product, by its name; null while it is being started again. */
export function childOf(product: Pick<RunningProduct, 'report'>, name: 'point' | 'control' | 'helper'): number | null {
  const { supervisor } = product.report.pids;
  const child = readText(`/proc/${supervisor}/task/${supervisor}/children`)
    .trim()
    .split(' ')
    .find((pid) => pid !== '' && readText(`/proc/${pid}/cmdline`).includes(`${name}-process`));
  return child === undefined ? null : Number(child);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
