import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DraftMapAnswer, DraftRule, FlowPath } from '../../api/contract/index.ts';
import { Tag } from '../ui/tag.tsx';
import { sayCode } from '../ui/words.ts';
import styles from './draft.module.css';
import { outcomeNames } from './marks.ts';

/** What was tried, found by name. */
export interface Trial {
  readonly today: ReadonlyMap<string, DraftRule>;
  readonly draft: ReadonlyMap<string, DraftRule>;
  readonly services: ReadonlyMap<string, { readonly file: string; readonly line: number }>;
}

/** Indexes what an answer names. */
export function trialOf({ rules, services }: DraftMapAnswer): Trial {
  const byId = (list: readonly DraftRule[]): ReadonlyMap<string, DraftRule> =>
    new Map(list.map((one) => [one.id, one]));
  return {
    today: byId(rules.today),
    draft: byId(rules.draft),
    services: new Map(services.map(({ name, file, line }) => [name, { file, line }])),
  };
}

/** What becomes of a path: in one word, and by what. */
export function OutcomeTag({ path }: { readonly path: FlowPath }): ReactNode {
  const { outcome } = path;
  if (outcome === undefined) return null;
  const { name, tone } = outcomeNames[outcome];
  return <Tag tone={tone}>{name}</Tag>;
}

interface PathTrialProps {
  readonly path: FlowPath;
  readonly trial: Trial;
}

/** What the policy in force and the draft say of a path, by which rule, and where that stands. */
export function PathTrial({ path, trial }: PathTrialProps): ReactNode {
  const { today, draft, outcome, service } = path;
  if (today === undefined || draft === undefined || outcome === 'not_judged') return null;
  const place = trial.services.get(service);
  return (
    <dl className={styles['trial']}>
      <dt>Today</dt>
      <dd>
        {today.reasons.map(sayCode).join(', ')}
        <Rules ids={today.ruleIds} rules={trial.today} />
      </dd>
      <dt>Draft</dt>
      <dd>
        {draft.reasons.map(sayCode).join(', ')}
        <Rules ids={draft.ruleIds} rules={trial.draft} />
        {draft.ruleIds.length === 0 && place !== undefined && <Place {...place} says={`${service} in the draft`} />}
      </dd>
    </dl>
  );
}

function Rules({ ids, rules }: { readonly ids: readonly string[]; readonly rules: Trial['today'] }): ReactNode {
  return ids.map((id) => {
    const rule = rules.get(id);
    if (rule === undefined) return <small key={id}>{id}</small>;
    return <Place key={id} file={rule.file} line={rule.line} says={`${rule.reason}, ${rule.owner}`} />;
  });
}

interface PlaceProps {
  readonly file: string;
  readonly line: number;
  readonly says: string;
}

function Place({ file, line, says }: PlaceProps): ReactNode {
  return (
    <small>
      {says}:{' '}
      <Link to="/policy/edit" search={{ file, line }} className="mono">
        {file}:{line}
      </Link>
    </small>
  );
}
