import type { ReactNode } from 'react';
import type { PreviewAnswer } from '../../api/contract/index.ts';
import { Facts } from '../ui/panel.tsx';
import { Worded } from '../ui/worded.tsx';
import { sayCode, sayCount, sayDuration } from '../ui/words.ts';
import styles from './exceptions.module.css';
import { TierTag } from './standing.tsx';

interface PreviewProps {
  readonly said: PreviewAnswer | null;
  readonly problem: string | null;
  readonly written: { readonly service: string; readonly durationSeconds: number };
}

/** What a request would come to, in words: what it opens, how strictly it is decided and why, who decides. */
export function Preview({ said, problem, written }: PreviewProps): ReactNode {
  if (problem !== null)
    return (
      <p className={styles['obstacle']}>
        <Worded text={problem} />
      </p>
    );
  if (said === null) {
    return (
      <p className={styles['quiet']}>Write a service and a destination: the policy tells here what comes of it.</p>
    );
  }
  const obstacle = said.service === null ? `the policy has no service ${written.service}` : said.obstacle;
  return (
    <>
      <p className={styles['said']}>
        <strong>{written.service}</strong> could reach <code>{said.to}</code> for{' '}
        {sayDuration(written.durationSeconds * 1_000)} from the approval on.
      </p>
      {obstacle !== null && (
        <p className={styles['obstacle']}>
          Nobody can grant this: <Worded text={obstacle} />.
        </p>
      )}
      {obstacle === null && <Terms said={said} isTooLong={written.durationSeconds > said.longestSeconds} />}
    </>
  );
}

function Terms({ said, isTooLong }: { readonly said: PreviewAnswer; readonly isTooLong: boolean }): ReactNode {
  return (
    <>
      {isTooLong && (
        <p className={styles['obstacle']}>
          At this tier nothing lasts longer than {sayDuration(said.longestSeconds * 1_000)}. Choose a shorter time.
        </p>
      )}
      <Facts
        rows={[
          ['Tier', <TierTag key="tier" tier={said.tier} />],
          ['Because', said.findings.length === 0 ? 'nothing about it is unusual' : <Findings key="why" said={said} />],
          [
            'Decided by',
            `${sayCount(said.approvalsNeeded, 'person', 'people')}: ${said.approvers.map(sayCode).join(', ')}`,
          ],
          ['At most', sayDuration(said.longestSeconds * 1_000)],
          ['Afterwards', said.isReviewed ? 'somebody reviews what it was used for' : null],
        ]}
      />
    </>
  );
}

function Findings({ said }: { readonly said: PreviewAnswer }): ReactNode {
  return (
    <ul className={styles['list']}>
      {said.findings.map(({ code, says }) => (
        <li key={code}>{says}</li>
      ))}
    </ul>
  );
}
