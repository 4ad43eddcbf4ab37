import { isMap, isScalar, isSeq, parseAllDocuments, type YAMLMap } from 'yaml';

/** What is drafted for a service: rules to add, each without the reason that only a person knows, and whether it is to be enforced. */
export interface ServiceDraft {
  readonly service: string;
  readonly allow: readonly { readonly to: string; readonly via: readonly string[] }[];
  readonly enforce: boolean;
}

/** What stands for a reason until somebody writes it: the check says so, and where. */
const noReason = 'TODO';

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * Writes a draft into the file of its service, and touches nothing else of it: comments, order and spacing stay, so that its patch says what
 * changes. Null where the file has no such service, or is not read.
 */
export function applyDraft(text: string, draft: ServiceDraft): string | null {
  const map = findService(text, draft.service);
  if (map === null) return null;
  const splices = [...(draft.enforce ? enforceSplices(text, map) : []), ...allowSplices(text, map, draft.allow)];
  return splices
    .toSorted((one, other) => other.from - one.from)
    .reduce((changed, { from, to, text: put }) => changed.slice(0, from) + put + changed.slice(to), text);
}

function findService(text: string, name: string): YAMLMap | null {
  const documents = parseAllDocuments(text, { version: '1.2', schema: 'core', uniqueKeys: false, logLevel: 'silent' });
  if (!Array.isArray(documents)) return null;
  for (const { contents, errors } of documents) {
    if (errors.length > 0 || !isMap(contents)) continue;
    const service: unknown = contents.get('service');
    if (service === name) return contents;
  }
  return null;
}

/** `mode` says enforce, and the date of observing goes with its line. */
function enforceSplices(text: string, map: YAMLMap): readonly Splice[] {
  const mode = map.get('mode', true);
  const splices: Splice[] = [];
  if (isScalar(mode) && mode.range != null) splices.push({ from: mode.range[0], to: mode.range[1], text: 'enforce' });
  const until = map.items.find(({ key }) => isScalar(key) && key.value === 'observeUntil');
  if (until !== undefined && isScalar(until.key) && until.key.range != null && !map.flow) {
    const from = text.lastIndexOf('\n', until.key.range[0] - 1) + 1;
    const end = text.indexOf('\n', until.key.range[0]);
    splices.push({ from, to: end < 0 ? text.length : end + 1, text: '' });
  }
  return splices;
}

function allowSplices(text: string, map: YAMLMap, rules: ServiceDraft['allow']): readonly Splice[] {
  if (rules.length === 0) return [];
  const allow = map.get('allow', true);
  if (isSeq(allow) && allow.range != null && allow.items.length > 0) {
    return allow.flow === true ? [intoBrackets(text, allow.range, rules)] : [belowItems(text, allow.range, rules)];
  }
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === 'allow');
  const entries = rules.map((rule) => `  - ${entryText(rule)}\n`).join('');
  // A list that is there and empty is written anew; without one it comes last.
  if (pair !== undefined && isScalar(pair.key) && pair.key.range != null) {
    const from = pair.key.range[0];
    const end = text.indexOf('\n', from);
    return [{ from, to: end < 0 ? text.length : end + 1, text: `allow:\n${entries}` }];
  }
  const at = endOfLine(text, map.range?.[1] ?? text.length);
  return [{ from: at, to: at, text: `${startsLine(text, at)}allow:\n${entries}` }];
}

function intoBrackets(text: string, range: readonly [number, number, number], rules: ServiceDraft['allow']): Splice {
  const close = range[1] - 1;
  const last = text.slice(0, close).trimEnd().length;
  return { from: last, to: last, text: rules.map((rule) => `, ${entryText(rule)}`).join('') };
}

function belowItems(text: string, range: readonly [number, number, number], rules: ServiceDraft['allow']): Splice {
  const line = text.lastIndexOf('\n', range[0] - 1) + 1;
  const indent = ' '.repeat(range[0] - line);
  const at = endOfLine(text, range[1]);
  return {
    from: at,
    to: at,
    text: startsLine(text, at) + rules.map((rule) => `${indent}- ${entryText(rule)}\n`).join(''),
  };
}

/** The start of the line after what ends at an offset; a node may end after its line's end already. */
function endOfLine(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function startsLine(text: string, at: number): string {
  return at === 0 || text[at - 1] === '\n' ? '' : '\n';
}

function entryText({ to, via }: ServiceDraft['allow'][number]): string {
  const through = via.length === 0 ? '' : `, via: [ ${via.map(scalar).join(', ')} ]`;
  return `{ to: ${scalar(to)}${through}, reason: ${noReason} }`;
}

// JSON is YAML 1.2: whatever a name from the network holds, it stays one text.
function scalar(text: string): string {
  return /^[a-z0-9][a-z0-9.-]*(?::\d+)?$/.test(text) ? text : JSON.stringify(text);
}
