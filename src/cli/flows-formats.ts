import type { Command } from 'commander';
import { configFormats, type LogFormat, logFormats, rangeFormats } from '../flowmap/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import type { Row } from './table.ts';

const columns = ['format', 'title', 'names', 'bytes', 'identity', 'denials', 'grammar'] as const;

/** Adds `exeat flows formats`: what can be read, and what each format can tell. */
export function registerFlowsFormats(parent: Command, cli: Cli): void {
  parent
    .command('formats')
    .description('list the formats that can be ingested, and what each can tell')
    .addHelpText('after', '\nExample:\n  exeat flows formats -o json\n')
    .action(() =>
      cli.run(() => {
        const isLong = cli.flags().output === 'json' || cli.flags().output === 'yaml';
        const rows = [
          ...logFormats.map((format) => ({ ...formatRow(format), ...(isLong ? format.fields : {}) })),
          ...configFormats.map(({ id, title }) => ({ format: id, title, names: 'declared' })),
          ...rangeFormats.map(({ id, title }) => ({ format: id, title, names: 'provider' })),
        ];
        cli.printRows(columns, rows);
        return exitCodes.ok;
      }),
    );
}

function formatRow({ id, title, fields, grammar }: LogFormat): Row {
  const bytes = [fields.bytesUp ? 'up' : '', fields.bytesDown ? 'down' : ''].filter((part) => part !== '');
  const { names, identity, denials } = fields;
  const own = grammar === null ? null : `${grammar.what}: ${id}='${grammar.example}'`;
  return { format: id, title, names, bytes, identity, denials, grammar: own };
}
