import type { SourceAt } from './nodes.ts';

/** What a fault code means and how to mend it. */
export interface PolicyFaultRow {
  readonly says: string;
  readonly mend: string;
}

/** Why a policy cannot be loaded; a closed set, spelled the same in output of every form. */
export type PolicyFaultCode =
  | 'yaml_malformed'
  | 'yaml_feature_refused'
  | 'file_too_large'
  | 'nesting_too_deep'
  | 'faults_truncated'
  | 'version_unknown'
  | 'kind_unknown'
  | 'key_unknown'
  | 'key_unenforced'
  | 'key_misplaced'
  | 'key_missing'
  | 'key_duplicate'
  | 'value_malformed'
  | 'owner_missing'
  | 'reason_missing'
  | 'reason_placeholder'
  | 'name_malformed'
  | 'name_duplicate'
  | 'target_malformed'
  | 'range_malformed'
  | 'identity_malformed'
  | 'identity_duplicate'
  | 'instant_malformed'
  | 'rule_duplicate'
  | 'reference_unknown'
  | 'segment_unknown'
  | 'environment_unknown'
  | 'quantity_malformed'
  | 'tiers_duplicate';

/** Every code of a {@link PolicyFault} with what it says and how to mend it; all of them keep the policy from loading. */
export const policyFaultRows: Readonly<Record<PolicyFaultCode, PolicyFaultRow>> = {
  yaml_malformed: { says: 'the text is not YAML 1.2', mend: 'mend the spelling at the caret' },
  yaml_feature_refused: {
    says: 'anchors, aliases, tags and directives are refused, so that a file stays plain and bounded',
    mend: 'write the value out',
  },
  file_too_large: { says: 'a policy file is larger than the limit', mend: 'split the file' },
  nesting_too_deep: { says: 'lists and maps are nested deeper than any document needs', mend: 'write it flatter' },
  faults_truncated: { says: 'a file has more faults than are listed', mend: 'mend the listed ones first' },
  version_unknown: { says: '`apiVersion` is not one that this Exeat reads', mend: 'write `apiVersion: exeat/v1`' },
  kind_unknown: { says: 'a document does not say, or says twice, what it is', mend: 'give it one kind' },
  key_unknown: { says: 'a key is not part of the grammar', mend: 'mend the spelling or remove the key' },
  key_unenforced: { says: 'a key is known and nothing enforces it yet', mend: 'remove the key' },
  key_misplaced: { says: 'a key has no meaning where it stands', mend: 'remove the key or change what it depends on' },
  key_missing: { says: 'a required key is missing', mend: 'add the key' },
  key_duplicate: { says: 'a key is written twice in one map', mend: 'keep one' },
  value_malformed: { says: 'a value has the wrong type or form', mend: 'write it as the message says' },
  owner_missing: { says: 'a document has no owner', mend: 'name the team that answers for it' },
  reason_missing: { says: 'an entry has no reason', mend: 'say why the entry is needed' },
  reason_placeholder: { says: 'a reason or an owner is a placeholder such as `TODO`', mend: 'write the real one' },
  name_malformed: { says: 'a name is not 1 to 63 of a-z, 0-9 and hyphen', mend: 'rename it' },
  name_duplicate: { says: 'two documents or segments have one name', mend: 'rename or merge one' },
  target_malformed: { says: 'a `to` is not a target of the grammar', mend: 'write `host:port`' },
  range_malformed: { says: 'an address range is not CIDR', mend: 'write `10.20.0.0/24`' },
  identity_malformed: { says: 'an identity is not of the grammar', mend: 'write it as the message says' },
  identity_duplicate: { says: 'a service lists one identity twice', mend: 'keep one' },
  instant_malformed: { says: 'a date is not ISO 8601', mend: 'write `2026-12-20` or `2026-12-20T18:00:00Z`' },
  rule_duplicate: { says: 'two entries have one rule id', mend: 'merge the entries' },
  reference_unknown: {
    says: 'an `@name` refers to no destinations document',
    mend: 'add the document or mend the name',
  },
  segment_unknown: { says: 'a segment is named that no document defines', mend: 'define the segment or mend the name' },
  environment_unknown: {
    says: 'an environment is named that no space or segment has',
    mend: 'name an environment of a space or a segment',
  },
  quantity_malformed: {
    says: 'a duration, a size or a count is not written as one, or is outside its bounds',
    mend: 'write it as the message says',
  },
  tiers_duplicate: { says: 'a policy has two `tiers` documents', mend: 'keep one' },
};

/** Why a policy cannot be loaded, and where: a fault with its place in the source and, where it helps, the mend for this case. */
export interface PolicyFault {
  readonly code: PolicyFaultCode;
  readonly message: string;
  readonly at: SourceAt;
  readonly mend: string | null;
}

const longestShownLine = 160;

/**
 * Renders something that points at source for people: place and message, the source line with a caret, and the mend.
 * `text` is the file's text, or null where it is not at hand. Control characters of the source never reach the output.
 */
export function renderFault(
  fault: { readonly message: string; readonly at: SourceAt; readonly mend: string | null },
  text: string | null,
): string {
  const { file, line, column } = fault.at;
  const head = `${file}:${line}:${column}: ${withoutControls(fault.message)}`;
  const mend = fault.mend === null ? '' : `\n  mend: ${withoutControls(fault.mend)}`;
  const source = text === null ? null : lineOf(text, line);
  return source === null ? head + mend : `${head}\n${withCaret(source, line, column)}${mend}`;
}

function withCaret(source: string, line: number, column: number): string {
  const from = Math.max(0, column - longestShownLine);
  const shown = withoutControls(source.slice(from, from + longestShownLine + 40));
  const number = String(line);
  return `  ${number} | ${shown}\n  ${' '.repeat(number.length)} | ${' '.repeat(Math.max(0, column - 1 - from))}^`;
}

function lineOf(text: string, line: number): string | null {
  let start = 0;
  for (let current = 1; current < line; current += 1) {
    const end = text.indexOf('\n', start);
    if (end < 0) return null;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? text.length : end).replace(/\r$/, '');
}

function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ');
}
