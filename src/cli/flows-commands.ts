import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { registerFlowsAnswers } from './flows-answers.ts';
import { registerFlowsFormats } from './flows-formats.ts';
import { registerFlowsIngest } from './flows-ingest.ts';
import { registerFlowsMap } from './flows-map.ts';
import { registerFlowsPropose } from './flows-propose.ts';
import { registerFlowsRank } from './flows-rank.ts';
import { registerFlowsReplay } from './flows-replay.ts';
import { registerFlowsForget, registerFlowsSources } from './flows-sources.ts';

/** Registers the group of commands that work on the flow lake. */
export function registerFlows(program: Command, cli: Cli): void {
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
