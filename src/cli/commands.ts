import type { Command } from 'commander';
import { registerAuditExport } from './audit-export.ts';
import { registerAuditVerify } from './audit-verify.ts';
import type { Cli } from './cli.ts';
import { registerCompletion } from './completion.ts';
import { registerCredentialAdd } from './credential-add.ts';
import { registerCredentialList } from './credential-list.ts';
import { registerCredentialRemove } from './credential-remove.ts';
import { registerDecide } from './decide.ts';
import { registerDoctor } from './doctor.ts';
import { registerEnv } from './env.ts';
import { registerExplain } from './explain.ts';
import { registerFlowsAnswers } from './flows-answers.ts';
import { registerFlowsFormats } from './flows-formats.ts';
import { registerFlowsIngest } from './flows-ingest.ts';
import { registerFlowsMap } from './flows-map.ts';
import { registerFlowsPropose } from './flows-propose.ts';
import { registerFlowsRank } from './flows-rank.ts';
import { registerFlowsReplay } from './flows-replay.ts';
import { registerFlowsForget, registerFlowsSources } from './flows-sources.ts';
import { registerPolicyCheck } from './policy-check.ts';
import { registerPolicyStats } from './policy-stats.ts';
import { registerStatus } from './status.ts';
import { registerUp } from './up.ts';
import { registerVersion } from './version.ts';

/** Registers every command, in the order in which help lists them. */
export function registerCommands(program: Command, cli: Cli): void {
  for (const register of commands) register(program, cli);
}

/** The registry: a command's file exports `register*(parent, cli)` and has its line here. */
const commands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerUp,
  registerStatus,
  registerDoctor,
  registerPolicy,
  registerDecide,
  registerExplain,
  registerFlows,
  registerAudit,
  registerCredential,
  registerEnv,
  registerCompletion,
  registerVersion,
];

// A group has no action of its own: its members are the lines below.
function registerPolicy(program: Command, cli: Cli): void {
  const policy = program.command('policy').description('work on the policy folder');
  for (const register of policyCommands) register(policy, cli);
}

const policyCommands: readonly ((parent: Command, cli: Cli) => void)[] = [registerPolicyCheck, registerPolicyStats];

function registerAudit(parent: Command, cli: Cli): void {
  const audit = parent.command('audit').description('check the audit log, and take evidence from it');
  for (const register of [registerAuditVerify, registerAuditExport]) register(audit, cli);
}

function registerCredential(program: Command, cli: Cli): void {
  const credential = program.command('credential').description('work on the proxy credentials of workloads');
  for (const register of credentialCommands) register(credential, cli);
}

const credentialCommands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerCredentialAdd,
  registerCredentialList,
  registerCredentialRemove,
];

function registerFlows(program: Command, cli: Cli): void {
  const flows = program.command('flows').description('map what goes out, from logs and configuration');
  for (const register of flowsCommands) register(flows, cli);
}

const flowsCommands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerFlowsIngest,
  registerFlowsMap,
  registerFlowsPropose,
  registerFlowsReplay,
  registerFlowsAnswers,
  registerFlowsRank,
  registerFlowsSources,
  registerFlowsForget,
  registerFlowsFormats,
];
