import { isMap, isScalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { parsePolicyTarget, parseUserDestination, type Target } from '../../destination/index.ts';
import { coversTest, type RuleChange } from './plan-shrink.ts';
import { findDocument, listOf, type PolicyYaml, parsePolicyYaml, printPolicyYaml, textOf } from './policy-yaml.ts';
import type { PresentPolicy, ProposedFile } from './proposal.ts';

/** What is to be done to the files of a policy. */
export interface ShrinkWork {
  readonly changes: readonly RuleChange[];
  readonly members: readonly { readonly list: string; readonly file: string; readonly member: string }[];
  readonly membersOf: (name: string) => readonly Target[];
}

/** Writes a plan into the files of a policy; gives those that change. Comments stay, but for those of entries that go. */
export function applyShrink({ files }: PresentPolicy, work: ShrinkWork): readonly ProposedFile[] {
  return files.flatMap(({ path, text }) => {
    const changes = work.changes.filter(({ file, change }) => file === path && !change.startsWith('keep_'));
    const members = work.members.filter(({ file }) => file === path);
    if (changes.length + members.length === 0) return [];
    const documents = parsePolicyYaml(text);
    if (documents === null) return [];
    for (const service of new Set(changes.map((one) => one.service))) {
      shrinkService(
        documents,
        changes.filter((one) => one.service === service),
        work,
      );
    }
    for (const { list, member } of members) dropMember(documents, list, member);
    return [{ path, text: printPolicyYaml(documents) }];
  });
}

function shrinkService(documents: PolicyYaml, changes: readonly RuleChange[], work: ShrinkWork): void {
  const map = findDocument(documents, 'service', changes[0]?.service ?? '')?.map ?? null;
  const allow = map === null ? null : listOf(map, 'allow');
  if (map === null || allow === null) return;
  const byTo = new Map(changes.map((change) => [change.to, change]));
  setItems(allow, (item) => {
    const change = byTo.get(canonicalOf(textOf(item, 'to') ?? ''));
    return change === undefined || !isMap(item) ? [item] : change.replacedBy.map((to, at) => entryWith(item, to, at));
  });
  const tests = listOf(map, 'tests');
  if (tests !== null) dropTests(tests, targetsOf(allow, work));
}

// The first of several takes the comments along; an entry is copied, so that every condition of it stays.
function entryWith(item: YAMLMap, to: string, at: number): YAMLMap {
  const copy = item.clone() as YAMLMap;
  copy.set('to', to);
  if (at > 0) {
    copy.commentBefore = null;
    copy.comment = null;
  }
  return copy;
}

/** Replaces every item by others. A comment above the first entry belongs to it, and goes with it. */
function setItems(list: YAMLSeq, replace: (item: unknown) => readonly unknown[]): void {
  const [first] = list.items;
  const items = list.items.map(replace);
  if (first !== undefined && items[0]?.length === 0) list.commentBefore = null;
  list.items = items.flat();
}

function targetsOf(allow: YAMLSeq, { membersOf }: ShrinkWork): readonly Target[] {
  return allow.items.flatMap((item) => {
    const to = textOf(item, 'to') ?? '';
    if (to.startsWith('@')) return membersOf(to.slice(1));
    const target = parsePolicyTarget(to);
    return target.ok ? [target.value] : [];
  });
}

function dropTests(tests: YAMLSeq, targets: readonly Target[]): void {
  setItems(tests, (item) => {
    const asked = parseUserDestination(textOf(item, 'allow') ?? '');
    return asked.ok && !coversTest(targets, asked.value) ? [] : [item];
  });
}

function dropMember(documents: PolicyYaml, list: string, member: string): void {
  const found = findDocument(documents, 'destinations', list);
  const members = found === null ? null : listOf(found.map, 'members');
  if (members === null) return;
  setItems(members, (item) => (isScalar(item) && canonicalOf(String(item.value)) === member ? [] : [item]));
}

function canonicalOf(to: string): string {
  const target = to.startsWith('@') ? null : parsePolicyTarget(to);
  return target?.ok === true ? target.value.canonical : to;
}
