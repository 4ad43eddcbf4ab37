import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { call } from '../api/call.ts';
import { Moment } from '../ui/moment.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { sayBytes, sayCode, sayCount } from '../ui/words.ts';
import styles from './exceptions.module.css';

/** What a grant was used for. */
export function Usage({ id }: { readonly id: string }): ReactNode {
  const { data } = useQuery({
    queryKey: ['usage', id],
    refetchInterval: 10_000,
    queryFn: async ({ signal }) => (await call('exceptionUsage', { params: { id }, signal })).body,
  });
  return (
    <Panel title="Use">
      {data === undefined ? (
        <p className={styles['quiet']}>Looking it up.</p>
      ) : (
        <Facts
          rows={[
            ['Connections', data.connections === 0 ? 'none yet' : sayCount(data.connections, 'connection')],
            ['Up, down', `${sayBytes(data.bytesUp)}, ${sayBytes(data.bytesDown)}`],
            ['Last used', data.lastUse === null ? null : <Moment key="last" at={data.lastUse} isExact />],
            ['Hours', `used in ${data.hoursUsed} of ${data.hoursGranted} granted`],
            ['Just outside', data.denialsJustOutside === 0 ? null : sayCount(data.denialsJustOutside, 'denial')],
            ['Findings', data.findings.length === 0 ? null : data.findings.map(sayCode).join(', ')],
          ]}
        />
      )}
    </Panel>
  );
}
