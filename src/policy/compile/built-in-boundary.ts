import { type HostPattern, platformAddresses, platformNames } from '../../destination/index.ts';
import { matchFlag } from '../format/layout.ts';
import type { BuiltInEntry } from './compile-rules.ts';
import type { PolicyBuilder } from './policy-builder.ts';

/** The deny entries that every policy has: metadata services and other platform names and addresses, on every port. */
export function builtInBoundary(builder: PolicyBuilder): readonly BuiltInEntry[] {
  const made: BuiltInEntry[] = [];
  const add = (host: HostPattern, to: string, reason: string): void => {
    const row = builder.placeRule({ list: 'boundary/built-in', to, reason, at: null });
    made.push({ host, entry: [matchFlag.deny | matchFlag.allPorts, 65536 + 65535, row, 0] });
  };
  for (const { name, below, what } of platformNames) {
    add({ kind: 'name', name }, `${name}:*`, what);
    if (below) add({ kind: 'below', name }, `*.${name}:*`, what);
  }
  for (const { prefix, name } of platformAddresses) {
    add({ kind: 'prefix', prefix }, prefix.first.family === 4 ? `${prefix.text}:*` : `[${prefix.text}]:*`, name);
  }
  return made;
}
