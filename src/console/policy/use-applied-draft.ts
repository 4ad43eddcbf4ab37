import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { PolicyAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { sayFailure } from '../api/failure.ts';
import { applyDraft, type ServiceDraft } from './draft-edit.ts';
import { useDraft } from './draft-store.ts';
import { useFileText } from './use-policy.ts';

/**
 * Writes a draft that the address holds into the file of its service, once, and takes it out of the address. Tells what became of it, in words;
 * `onApplied` is given the line of the first reason that is missing.
 */
export function useAppliedDraft(
  policy: PolicyAnswer,
  wanted: ServiceDraft | undefined,
  onApplied: (line: number | null) => void,
): string | null {
  const navigate = useNavigate();
  const { draft, write } = useDraft();
  const [said, setSaid] = useState<string | null>(null);
  const service = useQuery({
    queryKey: ['service', wanted?.service ?? ''],
    enabled: wanted !== undefined,
    queryFn: async ({ signal }) => (await call('showService', { params: { id: wanted?.service ?? '' }, signal })).body,
  });
  const file = wanted === undefined ? null : (service.data?.service.file ?? null);
  const base = useFileText(policy, file);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, as soon as both are there
  useEffect(() => {
    if (wanted === undefined || file === null || typeof base.data !== 'string') return;
    const text = draft.files.get(file)?.after ?? base.data;
    const changed = applyDraft(text, wanted);
    void navigate({ to: '/policy/edit', search: { file }, replace: true });
    if (changed === null) {
      setSaid(`\`${file}\` could not be read as YAML, so the draft was not written into it: mend it first.`);
      return;
    }
    write(file, base.data, changed);
    setSaid(sayApplied(wanted, file));
    const missing = changed.slice(0, changed.indexOf('reason: TODO')).split('\n').length;
    onApplied(changed.includes('reason: TODO') ? missing : null);
  }, [wanted, file, base.data]);
  if (wanted !== undefined && service.error !== null) return sayFailure(service.error);
  return said;
}

function sayApplied({ service, allow, enforce }: ServiceDraft, file: string): string {
  const rules = allow.length === 0 ? '' : `${allow.length} ${allow.length === 1 ? 'rule' : 'rules'} for \`${service}\``;
  const mode = enforce ? `\`${service}\` enforced` : '';
  const reasons = allow.length === 0 ? '' : ' Write a reason in place of each TODO.';
  return `Drafted in \`${file}\`: ${[rules, mode].filter((part) => part !== '').join(', ')}.${reasons}`;
}
