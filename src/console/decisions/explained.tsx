import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DecisionRule, ExplainedDecision } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import type { ServiceDraft } from '../policy/draft-edit.ts';
import { useMay } from '../session/session-state.ts';
import { LinkButton } from '../ui/link-button.tsx';
import { Facts } from '../ui/panel.tsx';
import { Failure, Waiting } from '../ui/states.tsx';
import { Worded } from '../ui/worded.tsx';
import { sayInstant } from '../ui/words.ts';
import styles from './decisions.module.css';
import { sayTo, VerdictTag } from './rows.tsx';
import type { DecisionSearch } from './search.ts';

interface ExplainedProps {
  readonly id: string;
  readonly search: DecisionSearch;
}

/** One decision: what happened, why by the policy that decided, the nearest misses, and what can be done. */
export function Explained({ id, search }: ExplainedProps): ReactNode {
  const found = useQuery({
    queryKey: ['decision', id],
    // What was decided does not change.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => (await call('showDecision', { params: { id }, signal })).body,
  });
  const { id: _, ...others } = search;
  return (
    <aside className={styles['explained']} aria-label="The decision explained">
      <Link to="/decisions" search={others} resetScroll={false} className={styles['close']} aria-label="Close">
        ×
      </Link>
      {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
      {found.isLoading && <Waiting rows={5} />}
      {found.data !== undefined && <Told told={found.data} />}
    </aside>
  );
}

function Told({ told }: { readonly told: ExplainedDecision }): ReactNode {
  const { decision, matched, misses, change, missing, requestable } = told;
  const mayAsk = useMay('exception:request');
  return (
    <>
      <h2>
        <VerdictTag row={decision} /> {decision.service ?? decision.source} to{' '}
        <span className="mono">{sayTo(decision)}</span>
      </h2>
      <p>
        <Worded text={told.says} />.{' '}
        <span className={styles['dim']}>
          <Worded text={told.mend} />.
        </span>
      </p>
      {requestable !== null && mayAsk && (
        <LinkButton to="/exceptions/new" search={{ decision: decision.id }}>
          Ask for an exception
        </LinkButton>
      )}
      {requestable !== null && (
        <p>
          Meant to go out for good?{' '}
          <Link to="/policy/edit" search={{ draft: draftOf(requestable) }}>
            Draft a rule
          </Link>
        </p>
      )}
      <Rules title="Rules that decided" rules={matched} />
      <Rules title="Nearest rules that did not match" rules={misses} />
      {change !== null && (
        <>
          <h3>What would let it through for good</h3>
          <p>
            <Worded text={change} />
          </p>
        </>
      )}
      {missing !== null && <p className={styles['dim']}>No rules are shown: {missing}.</p>}
      <h3>As recorded</h3>
      <RecordFacts decision={decision} />
    </>
  );
}

function draftOf({ service, to }: NonNullable<ExplainedDecision['requestable']>): ServiceDraft {
  return { service, allow: [{ to, via: [] }], enforce: false };
}

function RecordFacts({ decision }: { readonly decision: ExplainedDecision['decision'] }): ReactNode {
  return (
    <Facts
      rows={[
        ['Time', `${sayInstant(decision.time)}:${decision.time.slice(17, 23)} UTC`],
        ['Identity', decision.identity],
        ['Source', decision.source],
        ['Protocol', decision.protocol],
        ['Address', decision.address],
        ['Class', decision.class],
        ['Point', `${decision.point}, by ${decision.stage}`],
        ['Mode', decision.mode],
        [
          'Exception',
          decision.grantId === null ? null : (
            <Link key="grant" to="/exceptions/$id" params={{ id: decision.grantId }}>
              {decision.grantId}
            </Link>
          ),
        ],
        [
          'Policy',
          decision.policyVersion === null ? null : <code key="policy">{decision.policyVersion.slice(0, 19)}</code>,
        ],
        ['Id', <code key="id">{decision.id}</code>],
      ]}
    />
  );
}

function Rules({ title, rules }: { readonly title: string; readonly rules: readonly DecisionRule[] }): ReactNode {
  if (rules.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {rules.map((rule) => (
          <li key={`${rule.id} ${rule.at}`}>
            <code>{rule.to}</code> {rule.list === 'deny' && 'denied '}
            <small>
              {rule.why !== null && `${rule.why}; `}
              {rule.at}, {rule.reason}
            </small>
          </li>
        ))}
      </ul>
    </>
  );
}
