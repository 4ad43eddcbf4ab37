import { parseLocalName } from '../../identity/index.ts';
import type { IdentityTerm } from '../nodes.ts';
import type { PlainMap, PlainNode } from './plain-node.ts';
import { readMap, shorten } from './read-map.ts';
import { readText } from './read-value.ts';
import type { SourceFile } from './source-file.ts';

/** Parses `{ user: builder }`, `{ group: 1002 }` or `{ cgroup: /system.slice/payments.service }`: one key exactly. Null after reporting. */
export function parseLocal(node: PlainMap, file: SourceFile): IdentityTerm | null {
  const map = readMap(node, 'local', '`local`', file);
  if (map === null) return null;
  const [entry, ...others] = node.entries;
  if (entry === undefined || others.length > 0)
    return malformed(file, node.offset, '`local` has one key: `user`, `group` or `cgroup`; several go into `all:`');
  if (map.get(entry.key) === null) return null;
  const value = readNumberOrText(entry.value, `\`${shorten(entry.key)}\``, file);
  if (value === null) return null;
  const name = parseLocalName(`${entry.key}:${value}`);
  if (!name.ok) return malformed(file, entry.value.offset, `\`${shorten(value)}\`: ${name.fault.message}`);
  return { kind: 'local', name: name.value, text: `local:${name.value.text}` };
}

/** YAML reads `user: 1001` as a number, which is what is meant; other spellings of numbers become their decimal one or a fault. */
function readNumberOrText(node: PlainNode, what: string, file: SourceFile): string | null {
  if (node.kind === 'other' && typeof node.value === 'number') return String(node.value);
  return readText(node, what, file)?.value ?? null;
}

function malformed(file: SourceFile, offset: number, message: string): null {
  file.report('identity_malformed', offset, message);
  return null;
}
