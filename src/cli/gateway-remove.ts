import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type GatewayRemoval, removeFromKernel } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { cellText } from './table.ts';

/** Adds `exeat gateway remove`: the machine as it was before the gateway. */
export function registerGatewayRemove(
  parent: Command,
  cli: Cli,
  remove: typeof removeFromKernel = removeFromKernel,
): void {
  parent
    .command('remove')
    .description('put routes, rules and settings of this machine back as they were')
    .option('--state-file <file>', 'the `--state` of a helper that was a unit of its own')
    .addHelpText(
      'after',
      '\nNeeds root, and that neither `exeat up` on this state nor a helper runs. Afterwards nothing is filtered here, and nothing is\n' +
        'forwarded that was not before. Once more does no harm.\n\n' +
        'Exit codes: 0 nothing of the gateway is left, 1 an error.\n\nExamples:\n  exeat gateway remove\n  exeat gateway remove -o json\n',
    )
    .action(({ stateFile }: { readonly stateFile?: string }) =>
      cli.run(async () => {
        const config = cli.config();
        if (config === null) return exitCodes.error;
        const removed = await remove(config, stateFile === undefined ? null : resolve(stateFile));
        if (!removed.ok) return cli.fail(removed.fault);
        cli.printObject({ ...removed.value }, () => removalText(removed.value));
        return exitCodes.ok;
      }),
    );
}

function removalText({ settings, routes, ruleCount, hadTable }: GatewayRemoval): string {
  if (settings.length + routes.length + ruleCount === 0 && !hadTable) return 'nothing of the gateway was left here\n';
  return [
    `settings put back        ${cellText(settings)}\n`,
    `routes back in \`main\`    ${cellText(routes)}\n`,
    `routing rules removed    ${ruleCount}\n`,
    `ruleset \`inet exeat\`     ${hadTable ? 'removed' : 'was not there'}\n`,
  ].join('');
}
