import { Button, NativeSelect } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { PolicyAnswer, ProposalAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { isOver, sayFailure } from '../api/failure.ts';
import type { FlowMapSearch } from '../flow-map/search.ts';
import { markOver } from '../session/session-state.ts';
import { Panel } from '../ui/panel.tsx';
import { FormFailure } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCount, sayInstant } from '../ui/words.ts';
import { FoundItems } from './found-list.tsx';
import type { FileChange } from './patch.ts';
import styles from './policy.module.css';
import { Replay } from './replay.tsx';

interface PlanPanelProps {
  readonly policy: PolicyAnswer;
  readonly changes: ReadonlyMap<string, FileChange>;
  readonly isCheckedHere: boolean;
}

const spans = [1, 7, 14, 30];

// The river is looked at over a day, a week or a month.
function riverOf(days: number): FlowMapSearch {
  if (days === 1) return { draft: 'yes' };
  return { draft: 'yes', range: days <= 7 ? 'week' : 'month' };
}

/** What a change would come to: whether it loads, what it opens, and what it would have meant for what was recorded. */
export function PlanPanel({ policy, changes, isCheckedHere }: PlanPanelProps): ReactNode {
  const client = useQueryClient();
  const [days, setDays] = useState(7);
  // What was tried is a map of its own: another one is another change.
  const [tried, setTried] = useState<PlanPanelProps['changes'] | null>(null);
  const plan = useMutation({
    mutationFn: async (wanted: PlanPanelProps['changes']) => {
      const files = [...wanted.values()].map(({ path, after }) => ({ path, text: after }));
      return (await call('checkProposal', { body: { policyVersion: policy.policyVersion, files, days } })).body;
    },
    onError: (error) => {
      if (isOver(error)) markOver(client);
      void client.invalidateQueries({ queryKey: ['policy'] });
    },
  });
  const run = (): void => {
    setTried(changes);
    plan.mutate(changes);
  };
  const { error } = plan;
  return (
    <Panel title="What it would come to">
      <div className={styles['bar']}>
        <NativeSelect
          size="xs"
          aria-label="How far back"
          value={String(days)}
          onChange={({ currentTarget }) => setDays(Number(currentTarget.value))}
          data={spans.map((span) => ({
            value: String(span),
            label: span === 1 ? 'the last day' : `the last ${span} days`,
          }))}
        />
        <Button size="xs" disabled={changes.size === 0} loading={plan.isPending} onClick={run}>
          Try it
        </Button>
        <span className={styles['dim']}>
          {changes.size === 0
            ? 'Change something first.'
            : `${sayCount(changes.size, 'file')} changed, tried on what was recorded.`}
        </span>
        {changes.size > 0 && (
          <Link to="/flow-map" search={riverOf(days)}>
            See it on the river
          </Link>
        )}
      </div>
      <FormFailure said={error === null || isOver(error) ? null : sayFailure(error)} />
      {plan.data !== undefined && (
        <div role="status">
          {tried !== changes && <p className={styles['notice']}>The text changed since: try it again.</p>}
          <Planned plan={plan.data} isCheckedHere={isCheckedHere} />
        </div>
      )}
    </Panel>
  );
}

function Planned({
  plan,
  isCheckedHere,
}: {
  readonly plan: ProposalAnswer;
  readonly isCheckedHere: boolean;
}): ReactNode {
  const { wouldLoad, testsPassed, testsFailed, access, replay, found, foundLeftOut } = plan;
  return (
    <>
      <p className={styles['lead']}>
        <Tag tone={wouldLoad ? 'good' : 'bad'}>{wouldLoad ? 'would be put in force' : 'would be refused'}</Tag>{' '}
        {sayCount(testsPassed, 'test')} passed, {testsFailed} failed. {access !== null && sayAccess(access)}
      </p>
      {(!isCheckedHere || !wouldLoad) && <FoundItems found={found.slice(0, 20)} />}
      {!isCheckedHere && found.length + foundLeftOut > 20 && (
        <p className={styles['dim']}>{sayCount(found.length + foundLeftOut - 20, 'more finding')}.</p>
      )}
      {access !== null && <Delta access={access} />}
      {replay !== null && <Replay replay={replay} />}
    </>
  );
}

type Access = NonNullable<ProposalAnswer['access']>;

function sayAccess({ isWidening, addedCount, removedCount }: Access): string {
  if (addedCount + removedCount === 0) return 'Nothing that is decided changes.';
  return isWidening ? 'It widens: something is let out that was not, or more easily.' : 'It only narrows.';
}

function Delta({ access }: { readonly access: Access }): ReactNode {
  const { added, removed, addedCount, removedCount } = access;
  const more = addedCount + removedCount - added.length - removed.length;
  if (addedCount + removedCount === 0) return null;
  return (
    <>
      <h3>What changes in what may go out</h3>
      <ul className={styles['delta']} aria-label="Access delta">
        {added.map((text) => (
          <li key={`+${text}`} data-sign="+">
            {sayFact(text)}
          </li>
        ))}
        {removed.map((text) => (
          <li key={`-${text}`} data-sign="−">
            {sayFact(text)}
          </li>
        ))}
      </ul>
      {more > 0 && <p className={styles['dim']}>{sayCount(more, 'more line')}.</p>}
    </>
  );
}

// Facts hold instants as numbers, as the log of acts has them.
function sayFact(text: string): string {
  return text.replace(
    / until (\d{1,15})$/,
    (_, ms: string) => ` until ${sayInstant(new Date(Number(ms)).toISOString())} UTC`,
  );
}
