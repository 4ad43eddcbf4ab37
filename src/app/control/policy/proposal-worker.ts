import { parentPort, workerData } from 'node:worker_threads';
import { type Fault, failed, fault } from '../../../base/index.ts';
import { createProposalChecker } from './check-proposal.ts';
import type { FromProposalWorker, ProposalHouse, ToProposalWorker } from './proposal-messages.ts';

// Checks what people propose: apart from the worker that puts policy in force, since what they propose may be large or made to be slow, and
// whoever waits for too long ends it.

const check = createProposalChecker(workerData as ProposalHouse);

parentPort?.on('message', ({ id, proposal, nowMs }: ToProposalWorker) => {
  const say = (answer: FromProposalWorker['answer']): void =>
    parentPort?.postMessage({ id, answer } satisfies FromProposalWorker);
  check(proposal, nowMs).then(say, (error: unknown) => say(failed(brokenFault(error))));
});

function brokenFault(error: unknown): Fault {
  return fault('failed', `the check failed (${error instanceof Error ? error.message : String(error)})`);
}
