import type { Command } from 'commander';
import type { SourceEntry } from '../flowmap/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { runFlowJob, timeText } from './flows-options.ts';

const columns = ['id', 'file', 'format', 'lines', 'taken', 'from', 'to', 'ingested'] as const;

/** Adds `exeat flows sources`: what the flow lake was fed with. */
export function registerFlowsSources(parent: Command, cli: Cli): void {
  parent
    .command('sources')
    .description('list what was ingested')
    .action(() =>
      cli.run(async () => {
        const sources = await runFlowJob<readonly SourceEntry[]>(cli, 'sources', null);
        if (sources === null) return exitCodes.error;
        cli.printRows(columns, sources.map(sourceRow));
        return exitCodes.ok;
      }),
    );
}

function sourceRow({ id, path, formats, tally, firstMs, lastMs, ingestedAtMs }: SourceEntry): Record<string, unknown> {
  return {
    id,
    file: path,
    format: formats.join(', '),
    lines: tally.lines,
    taken: tally.taken,
    from: timeText(firstMs),
    to: timeText(lastMs),
    ingested: timeText(ingestedAtMs),
  };
}

/** Adds `exeat flows forget`: takes a source out of the lake. */
export function registerFlowsForget(parent: Command, cli: Cli): void {
  parent
    .command('forget')
    .description('take a source out of the flow lake again')
    .argument('<id>', 'id of the source, as `exeat flows sources` lists it')
    .action((id: string) =>
      cli.run(async () => {
        const forgotten = await runFlowJob<string>(cli, 'forget', { id });
        if (forgotten === null) return exitCodes.error;
        cli.io.writeError(`exeat: source \`${forgotten}\` is forgotten\n`);
        return exitCodes.ok;
      }),
    );
}
