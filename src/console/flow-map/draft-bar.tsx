import { Button, Switch } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DraftMapAnswer, FoundAt } from '../../api/contract/index.ts';
import { FoundItems } from '../policy/found-list.tsx';
import { Failure } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCount } from '../ui/words.ts';
import styles from './draft.module.css';
import { sayChange, sayRest } from './draft-words.ts';
import { type FlowMapSearch, readFlowMapSearch } from './search.ts';
import type { TriedDraft } from './use-draft-map.ts';

const question = 'What would this draft change?';

/** Whether the picture is painted by what the draft of this window would change. It stands in the address, as all that is chosen. */
export function DraftSwitch({ search }: { readonly search: FlowMapSearch }): ReactNode {
  const navigate = useNavigate();
  return (
    <div className={styles['switch']}>
      <Switch
        size="xs"
        label={question}
        checked={search.draft === 'yes'}
        onChange={({ currentTarget }) => {
          const draft = currentTarget.checked ? 'yes' : undefined;
          void navigate({ to: '/flow-map', search: readFlowMapSearch({ ...search, draft }) });
        }}
      />
    </div>
  );
}

interface DraftBarProps extends TriedDraft {
  readonly search: FlowMapSearch;
}

/** What the draft would change, in words; or what keeps it from being told. */
export function DraftBar({ draft, tried, policyError, search }: DraftBarProps): ReactNode {
  const error = tried.error ?? policyError;
  if (draft.files.size === 0) return <NoDraft />;
  return (
    <section className={styles['bar']} aria-label={question}>
      {error !== null && <Failure error={error} onRetry={() => void tried.refetch()} />}
      {error === null && (tried.data === undefined || tried.isPlaceholderData) && (
        <p role="status" className={styles['dim']}>
          Trying the draft on what was recorded. The picture shows what was known before until then.
        </p>
      )}
      {error === null && tried.data !== undefined && !tried.isPlaceholderData && (
        <Answered answer={tried.data} search={search} />
      )}
      <div className={styles['acts']}>
        <Button size="xs" variant="default" loading={tried.isFetching} onClick={() => void tried.refetch()}>
          Try it again
        </Button>
        <Button size="xs" variant="default" renderRoot={(props) => <Link to="/policy/edit" {...props} />}>
          Back to the draft
        </Button>
        <span className={styles['dim']}>{sayCount(draft.files.size, 'file')} changed, in this window only.</span>
      </div>
    </section>
  );
}

function NoDraft(): ReactNode {
  return (
    <section className={styles['bar']} aria-label={question}>
      <p className={styles['lead']}>There is no draft to try yet.</p>
      <p className={styles['dim']}>
        A draft is what you change in the editor of this window: it is kept there until you sign out or reload, and is
        nowhere else. A denial under Decisions, or a service that is observed, begins one too.
      </p>
      <div className={styles['acts']}>
        <Button size="xs" renderRoot={(props) => <Link to="/policy/edit" {...props} />}>
          Make a draft in the editor
        </Button>
        <Link to="/policy">Services</Link>
      </div>
    </section>
  );
}

const mostFound = 10;

function Answered({ answer, search }: { readonly answer: DraftMapAnswer; readonly search: FlowMapSearch }): ReactNode {
  const { outcomes, wouldLoad, found, testsFailed } = answer;
  const stopping = found.filter(({ severity }) => severity === 'fault' || severity === 'test');
  return (
    <>
      <p role="status" className={styles['lead']}>
        {outcomes === null ? 'The draft does not load, so it is tried on nothing.' : sayChange(outcomes, search)}
      </p>
      {outcomes !== null && <p className={styles['dim']}>{sayRest(outcomes)}</p>}
      {!wouldLoad && (
        <>
          <p>
            <Tag tone="bad">would be refused</Tag>{' '}
            {outcomes === null
              ? 'Mend it first:'
              : `${sayCount(testsFailed, 'test')} failed: it would not be put in force like this.`}
          </p>
          <Stopping found={stopping} />
        </>
      )}
    </>
  );
}

/** What keeps a draft from being put in force; each leads to its line in the editor. */
function Stopping({ found }: { readonly found: readonly FoundAt[] }): ReactNode {
  const navigate = useNavigate();
  return (
    <>
      <FoundItems
        found={found.slice(0, mostFound)}
        onGo={({ file, line }) => void navigate({ to: '/policy/edit', search: { file, line } })}
      />
      {found.length > mostFound && (
        <p className={styles['dim']}>{sayCount(found.length - mostFound, 'more')}: see the editor.</p>
      )}
    </>
  );
}
