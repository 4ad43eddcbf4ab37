import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import type { AuditFinding, AuditState, AuditVerification } from '../../api/contract/index.ts';
import { Copied } from '../ui/copied.tsx';
import { Moment } from '../ui/moment.tsx';
import { Panel } from '../ui/panel.tsx';
import { FormFailure } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import { useAct } from '../ui/use-act.ts';
import { Worded } from '../ui/worded.tsx';
import { sayCount } from '../ui/words.ts';
import styles from './audit.module.css';
import { sayFinding } from './finding-words.ts';

/** What control found in its own files, and how to know without it. */
export function Verification({ state }: { readonly state: AuditState }): ReactNode {
  const { isVerifying, verification, size } = state;
  const act = useAct('verifyAudit', () => undefined);
  const isBusy = act.isBusy || isVerifying;
  return (
    <Panel title="Verification">
      <div className={styles['head']}>
        <div className={styles['verdict']} role="status">
          {verification === null ? (
            <p>
              <Tag tone="quiet">not verified</Tag> since control started.
            </p>
          ) : (
            <Verdict verification={verification} size={size} />
          )}
        </div>
        <Button size="xs" variant="default" disabled={isBusy} aria-busy={isBusy} onClick={() => act.run({ body: {} })}>
          {isBusy ? 'Reading every file…' : 'Verify now'}
        </Button>
      </div>
      {verification !== null && verification.findings.length > 0 && <Findings verification={verification} />}
      <FormFailure said={act.said} />
      <div className={styles['proof']}>
        <p className={styles['quiet']}>
          This is what control says of itself. Proof needs the files and the public key, on a machine that you trust:
        </p>
        <Copied text="exeat audit verify" label="Copy the command" />
      </div>
    </Panel>
  );
}

interface VerdictProps {
  readonly verification: AuditVerification;
  /** Entries that the log has now. */
  readonly size: number;
}

function Verdict({ verification, size }: VerdictProps): ReactNode {
  const { at, findingCount } = verification;
  const isGood = findingCount === 0;
  const newer = verification.size === null ? 0 : size - verification.size;
  return (
    <>
      <p>
        <Tag tone={isGood ? 'good' : 'bad'}>{isGood ? 'nothing found' : sayCount(findingCount, 'finding')}</Tag>{' '}
        {verification.size === null
          ? 'and no checkpoint that could be read'
          : `in ${sayCount(verification.size, 'entry', 'entries')}`}
        {newer > 0 && `; ${newer.toLocaleString('en')} newer since`}
      </p>
      <p>
        Verified <Moment at={at} isExact />
      </p>
    </>
  );
}

function Findings({
  verification: { findings, findingCount },
}: {
  readonly verification: AuditVerification;
}): ReactNode {
  const more = findingCount - findings.length;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={styles['findings']} tabIndex={0} aria-label="Findings">
      <ul>
        {findings.map((finding) => (
          <FindingItem key={`${finding.kind} ${finding.file}`} finding={finding} />
        ))}
      </ul>
      {more > 0 && <p>And {more.toLocaleString('en')} more: the command below tells up to 200.</p>}
    </section>
  );
}

function FindingItem({ finding }: { readonly finding: AuditFinding }): ReactNode {
  const { happened, mend } = sayFinding(finding);
  return (
    <li>
      <code>{finding.file}</code> {happened}: <Worded text={finding.says} />.<small>{mend}</small>
    </li>
  );
}
