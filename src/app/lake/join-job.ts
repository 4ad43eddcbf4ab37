import { ok, type Result } from '../../base/index.ts';
import type { JobPorts } from '../front/index.ts';
import { readFlowContext } from './flow-context.ts';
import { openLakeToRead } from './open-lake.ts';

/**
 * Joins every day that was not joined yet, so that the next map or replay finds it done. It reads and keeps what any reader would; in a
 * process after that of the ingest, whose memory is gone by then. Faults: those of opening and of who asked.
 */
export async function joinJob(_: unknown, { order }: JobPorts): Promise<Result<null>> {
  const opened = await openLakeToRead(order.config);
  if (!opened.ok) return opened;
  const { lake, close } = opened.value;
  try {
    const context = await readFlowContext(lake, order.config, { sinceMs: null, untilMs: null });
    if (!context.ok) return context;
    await lake.joinAhead(context.value.query);
    return ok(null);
  } finally {
    close();
  }
}
