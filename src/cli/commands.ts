import type { Command } from 'commander';
import { registerAuditExport } from './audit-export.ts';
import { registerAuditList, registerAuditState } from './audit-list.ts';
import { registerAuditVerify } from './audit-verify.ts';
import { registerBackup } from './backup.ts';
import {
  registerBreakGlassEnrol,
  registerBreakGlassKeygen,
  registerBreakGlassKeys,
  registerBreakGlassRevokeKey,
} from './break-glass-enrol.ts';
import { registerBreakGlassApply, registerBreakGlassChallenge, registerBreakGlassSign } from './break-glass-offline.ts';
import { registerBreakGlassOpen } from './break-glass-open.ts';
import type { Cli } from './cli.ts';
import { registerClockReset } from './clock-reset.ts';
import { registerCompletion } from './completion.ts';
import { registerCredentialAdd } from './credential-add.ts';
import { registerCredentialList } from './credential-list.ts';
import { registerCredentialRemove } from './credential-remove.ts';
import { registerDecide } from './decide.ts';
import { registerDemo } from './demo.ts';
import { registerDnsQuery } from './dns-query.ts';
import { registerDoctor } from './doctor.ts';
import { registerEnv } from './env.ts';
import { registerExceptionApprove } from './exception-approve.ts';
import { registerBreakGlassAcknowledge, registerExceptionDeny, registerExceptionResume } from './exception-decide.ts';
import { registerExceptionRevoke, registerExceptionSuspend, registerExceptionWithdraw } from './exception-end.ts';
import { registerExceptionExtend, registerExceptionReview } from './exception-extend.ts';
import { registerExceptionList, registerExceptionShow } from './exception-list.ts';
import { registerExceptionEdit, registerExceptionRequest } from './exception-request.ts';
import { registerExceptionSummary, registerExceptionUsage } from './exception-usage.ts';
import { registerExplain } from './explain.ts';
import { registerFlows } from './flows-commands.ts';
import { registerGatewayHelper } from './gateway-helper.ts';
import { registerGatewayLocal } from './gateway-local.ts';
import { registerGatewayRemove } from './gateway-remove.ts';
import { registerGatewayStatus } from './gateway-status.ts';
import { registerOpen } from './open.ts';
import { registerPasskeyEnrol, registerPasskeyList, registerPasskeyRemove } from './passkey.ts';
import { registerPersonAdd, registerPersonChange } from './person-add.ts';
import {
  registerPersonDisable,
  registerPersonEnable,
  registerPersonLink,
  registerPersonUnlink,
} from './person-disable.ts';
import { registerPersonList } from './person-list.ts';
import { registerPolicyCheck } from './policy-check.ts';
import { registerPolicyStats } from './policy-stats.ts';
import { registerProbe } from './probe.ts';
import { registerProbeCanary } from './probe-canary.ts';
import { registerRestore } from './restore.ts';
import { registerRun } from './run.ts';
import { registerStatus } from './status.ts';
import { registerTokenClaim } from './token-claim.ts';
import { registerTokenCreate, registerTokenReset } from './token-create.ts';
import { registerTokenList, registerTokenRevoke, registerTokenWhoami } from './token-list.ts';
import { registerUp } from './up.ts';
import { registerVersion } from './version.ts';

/** Registers every command, in the order in which help lists them. */
export function registerCommands(program: Command, cli: Cli): void {
  for (const register of commands) register(program, cli);
}

/** The registry: a command's file exports `register*(parent, cli)` and has its line here. */
const commands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerUp,
  registerDemo,
  registerStatus,
  registerDoctor,
  registerPolicy,
  registerDecide,
  registerExplain,
  registerDns,
  registerGateway,
  registerRun,
  registerProbeGroup,
  registerFlows,
  registerException,
  registerBreakGlass,
  registerOpen,
  registerAudit,
  registerPerson,
  registerPasskey,
  registerToken,
  registerClock,
  registerCredential,
  registerBackup,
  registerRestore,
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

function registerDns(program: Command, cli: Cli): void {
  const dns = program.command('dns').description('look into the DNS filter');
  registerDnsQuery(dns, cli);
}

function registerGateway(program: Command, cli: Cli): void {
  const gateway = program.command('gateway').description('look after the transparent gateway of this machine');
  for (const register of gatewayCommands) register(gateway, cli);
  registerGatewayLocal(gateway, cli);
}

const gatewayCommands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerGatewayStatus,
  registerGatewayRemove,
  registerGatewayHelper,
];

// Its own action tries the ways; the far end is its member.
function registerProbeGroup(program: Command, cli: Cli): void {
  registerProbeCanary(registerProbe(program, cli), cli);
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

function registerException(program: Command, cli: Cli): void {
  const exception = program
    .command('exception')
    .description('let something out for a while: ask, decide, end, look back');
  for (const register of exceptionCommands) register(exception, cli);
}

const exceptionCommands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerExceptionRequest,
  registerExceptionList,
  registerExceptionShow,
  registerExceptionApprove,
  registerExceptionDeny,
  registerExceptionEdit,
  registerExceptionWithdraw,
  registerExceptionExtend,
  registerExceptionSuspend,
  registerExceptionResume,
  registerExceptionRevoke,
  registerExceptionReview,
  registerExceptionUsage,
  registerExceptionSummary,
];

function registerBreakGlass(program: Command, cli: Cli): void {
  const breakGlass = program.command('break-glass').description('open something at once in an emergency, loudly');
  for (const register of breakGlassCommands) register(breakGlass, cli);
}

const breakGlassCommands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerBreakGlassOpen,
  registerBreakGlassAcknowledge,
  registerBreakGlassKeygen,
  registerBreakGlassEnrol,
  registerBreakGlassKeys,
  registerBreakGlassRevokeKey,
  registerBreakGlassChallenge,
  registerBreakGlassSign,
  registerBreakGlassApply,
];

function registerAudit(program: Command, cli: Cli): void {
  const audit = program.command('audit').description('look at the log of acts, check it, and take evidence from it');
  for (const register of auditCommands) register(audit, cli);
}

const auditCommands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerAuditList,
  registerAuditState,
  registerAuditVerify,
  registerAuditExport,
];

function registerPasskey(program: Command, cli: Cli): void {
  const passkey = program
    .command('passkey')
    .description('look at passkeys, which are made in the console, and remove them');
  for (const register of [registerPasskeyList, registerPasskeyRemove, registerPasskeyEnrol]) register(passkey, cli);
}

function registerPerson(program: Command, cli: Cli): void {
  const person = program.command('person').description('work on people and what they may do');
  for (const register of personCommands) register(person, cli);
}

const personCommands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerPersonList,
  registerPersonAdd,
  registerPersonChange,
  registerPersonDisable,
  registerPersonEnable,
  registerPersonLink,
  registerPersonUnlink,
];

function registerToken(program: Command, cli: Cli): void {
  const token = program.command('token').description('work on API tokens: what people prove themselves with');
  for (const register of tokenCommands) register(token, cli);
}

const tokenCommands: readonly ((parent: Command, cli: Cli) => void)[] = [
  registerTokenClaim,
  registerTokenCreate,
  registerTokenList,
  registerTokenReset,
  registerTokenRevoke,
  registerTokenWhoami,
];

function registerClock(program: Command, cli: Cli): void {
  const clock = program.command('clock').description('work on the time that decisions go by');
  for (const register of clockCommands) register(clock, cli);
}

const clockCommands: readonly ((parent: Command, cli: Cli) => void)[] = [registerClockReset];
