import { failed, fault, type Result } from '../../base/index.ts';
import type { JobPorts, LakeOrder } from '../front/index.ts';
import { answersJob, rankJob } from './answers-job.ts';
import { ingestJob } from './ingest-job.ts';
import { joinJob } from './join-job.ts';
import { mapJob } from './map-job.ts';
import { proposeJob, shrinkJob } from './propose-job.ts';
import { replayJob } from './replay-job.ts';
import { forgetJob, sourcesJob } from './sources-job.ts';

/** Every job of the lake process by name. */
const jobs: Readonly<Record<string, (options: never, ports: JobPorts) => Promise<Result<unknown>>>> = {
  ingest: ingestJob,
  join: joinJob,
  map: mapJob,
  propose: proposeJob,
  shrink: shrinkJob,
  replay: replayJob,
  sources: sourcesJob,
  forget: forgetJob,
  answers: answersJob,
  rank: rankJob,
};

/** Runs one job. Fault: `job_unknown`, a defect of ours. */
export async function runJob(order: LakeOrder, onProgress: JobPorts['onProgress']): Promise<Result<unknown>> {
  const job = jobs[order.job];
  if (job === undefined) return failed(fault('job_unknown', `the lake has no job \`${order.job}\``));
  return job(order.options as never, { order, onProgress });
}
