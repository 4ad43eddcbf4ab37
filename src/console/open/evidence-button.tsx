import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { saveFile } from '../ui/csv.ts';
import { useAct } from '../ui/use-act.ts';
import { sayCount } from '../ui/words.ts';
import styles from './open.module.css';
import type { OpenSearch } from './search.ts';

/** Takes the answer with the acts that it rests on and their proofs, as one file that others can check. */
export function EvidenceButton({ search }: { readonly search: OpenSearch }): ReactNode {
  const [taken, setTaken] = useState<string | null>(null);
  const act = useAct('exportOpen', ({ body }) => {
    saveFile(
      body.name,
      Uint8Array.from(atob(body.archive), (one) => one.charCodeAt(0)),
      'application/gzip',
    );
    setTaken(
      `${sayCount(body.entries, 'act')} with proofs. Check it: tar xzf ${body.name} && exeat audit verify ${body.folder}`,
    );
  });
  return (
    <>
      <Button
        variant="default"
        loading={act.isBusy}
        title="The answer, the acts that it rests on, and the proofs that they are in the log. That you took it stands in the log."
        onClick={() => act.run({ body: search })}
      >
        Evidence pack
      </Button>
      <span role="status" className={styles['taken']}>
        {act.said ?? taken}
      </span>
    </>
  );
}
