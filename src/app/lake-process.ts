import { failed, fault } from '../base/index.ts';
import type { FromLake, LakeOrder, LakeProgress } from './front/index.ts';
import { runJob } from './lake/lake-jobs.ts';

// The entry of the lake process: one job, then the end. Whoever started it is gone when the channel closes; then it ends as well.

process.on('disconnect', () => process.exit(1));
process.once('message', (order: LakeOrder) => void work(order));

async function work(order: LakeOrder): Promise<void> {
  const result = await runJob(order, createTeller()).catch((error: unknown) =>
    failed(fault('lake_failed', error instanceof Error ? error.message : String(error))),
  );
  tell(result.ok ? { kind: 'done', value: result.value } : { kind: 'failed', fault: result.fault }, () =>
    process.exit(0),
  );
}

/** Progress is for people: the first at once, and then some a second. */
const tellEveryMs = 100;

function createTeller(): (progress: LakeProgress) => void {
  let toldAt = 0;
  return (progress) => {
    if (Date.now() - toldAt < tellEveryMs) return;
    toldAt = Date.now();
    tell({ kind: 'progress', progress });
  };
}

function tell(message: FromLake, done: () => void = () => undefined): void {
  process.send?.(message, undefined, undefined, done);
}
