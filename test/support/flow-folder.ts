import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandEnd, type ProductOptions, runExeat, writeProductFolder } from './product.ts';

/** A configuration with a flow lake of its own, without a running product. */
export interface FlowFolder {
  readonly folder: string;
  readonly configPath: string;
  readonly lake: string;
  /** Writes a file into the folder and gives its path. */
  write(name: string, text: string): string;
  /** Runs a command of the product on this configuration. */
  run(...args: readonly string[]): Promise<CommandEnd>;
  remove(): void;
}

/** Makes a {@link FlowFolder}. */
export async function createFlowFolder(options: ProductOptions = {}): Promise<FlowFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-flows-'));
  const { configPath } = await writeProductFolder(folder, { ...options, credentials: ['payments-api'] });
  return {
    folder,
    configPath,
    lake: join(folder, '.exeat', 'lake'),
    write: (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    run: (...args) => runExeat([...args, '--config', configPath], { cwd: folder }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** One tunnel as Squid writes it down. `day` counts from 2026-11-01. */
export function squidLine(day: number, client: string, to: string, code = 'TCP_TUNNEL/200'): string {
  const seconds = Date.UTC(2026, 10, 1 + day, 9) / 1000;
  return `${seconds}.123    120 ${client} ${code} 5000 CONNECT ${to} - HIER_DIRECT/203.0.113.10 -\n`;
}

/** A log of Zeek: its columns as a header, then its rows. */
export function zeekLog(path: string, columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const head = ['#separator \\x09', '#set_separator\t,', '#empty_field\t(empty)', '#unset_field\t-', `#path\t${path}`];
  const lines = [...head, ['#fields', ...columns].join('\t'), ...rows.map((row) => row.join('\t'))];
  return `${lines.join('\n')}\n`;
}
