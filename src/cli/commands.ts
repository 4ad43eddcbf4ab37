import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { registerVersion } from './version.ts';

/** Registers every command, in the order in which help lists them. */
export function registerCommands(program: Command, cli: Cli): void {
  for (const register of commands) register(program, cli);
}

/** The registry: a command's file exports `register*(parent, cli)` and has its line here. */
const commands: readonly ((parent: Command, cli: Cli) => void)[] = [registerPolicy, registerVersion];

// A group has no action of its own: its members are the lines below.
function registerPolicy(program: Command, cli: Cli): void {
  const policy = program.command('policy').description('work on the policy folder');
  for (const register of policyCommands) register(policy, cli);
}

const policyCommands: readonly ((parent: Command, cli: Cli) => void)[] = [];
