import { parentPort, workerData } from 'node:worker_threads';
import { type Fault, failed, fault, type Result } from '../../../base/index.ts';
import { createProposalChecker, createProposalReader } from './check-proposal.ts';
import type { FromProposalWorker, ProposalHouse, ProposalTask, ToProposalWorker } from './proposal-messages.ts';
import { createTrafficTrial } from './try-on-traffic.ts';

// Checks what people propose: apart from the worker that puts policy in force, since what they propose may be large or made to be slow, and
// whoever waits for too long ends it.

const house = workerData as ProposalHouse;
const read = createProposalReader(house);
const check = createProposalChecker(house, read);
const tryOn = createTrafficTrial(house, read);

parentPort?.on('message', ({ id, task, nowMs }: ToProposalWorker) => {
  const say = (answer: FromProposalWorker['answer']): void =>
    parentPort?.postMessage({ id, answer } satisfies FromProposalWorker);
  run(task, nowMs).then(say, (error: unknown) => say(failed(brokenFault(error))));
});

async function run(task: ProposalTask, nowMs: number): Promise<Result<unknown>> {
  return task.kind === 'check' ? check(task.proposal, nowMs) : tryOn(task.proposal, task.traffic, nowMs);
}

function brokenFault(error: unknown): Fault {
  return fault('failed', `the check failed (${error instanceof Error ? error.message : String(error)})`);
}
