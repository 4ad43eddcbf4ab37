import type { Command } from 'commander';
import { type HelperStart, runGatewayHelper } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';

/** Adds `exeat gateway helper`: the one process that changes the kernel, in the foreground. */
export function registerGatewayHelper(parent: Command, cli: Cli): void {
  parent
    .command('helper')
    .description('run the helper that changes the kernel, in the foreground')
    .requiredOption('--socket <path>', 'where the point speaks to it; name it in `gateway.helper`')
    .requiredOption('--state <file>', 'where settings of the machine are kept as they were; best below /run')
    .option('--user <uid>', 'number of the user of the point, who may speak to it beside root')
    .addHelpText(
      'after',
      '\nFor a systemd unit of its own: only this process needs to change the ruleset, and what the kernel holds stays when it ends.\n' +
        '`exeat up` starts one itself unless `gateway.helper` names a socket. It reads no configuration.\n\n' +
        'Exit codes: 0 ended by SIGTERM or SIGINT, 1 an error.\n\nExamples:\n' +
        '  exeat gateway helper --socket /run/exeat/helper.sock --state /run/exeat/helper.json --user "$(id -u exeat)"\n',
    )
    .action(({ socket, state, user }: HelperStart) =>
      cli.run(async () => {
        const ran = await runGatewayHelper(
          { socket, state, user },
          {
            onReady: () => cli.io.writeOut('ready\n'),
          },
        );
        return ran.ok ? exitCodes.ok : cli.fail(ran.fault);
      }),
    );
}
