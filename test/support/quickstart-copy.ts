import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './temporary-folder.ts';

/** The repository's root, with a slash at the end. */
export const repositoryFolder: string = fileURLToPath(new URL('../../', import.meta.url));

/** What a shell line printed and how it ended. */
export interface ShellEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of the quickstart in a folder of its own, with three other ports in `exeat.yaml` and in the policy alike. */
export function copyQuickstart(ports: readonly number[]): string {
  const folder = temporaryFolder('quickstart');
  const example = join(repositoryFolder, 'examples/quickstart');
  // State of a start by hand stays where it is.
  cpSync(example, folder, { recursive: true, filter: (path) => !path.startsWith(join(example, '.exeat')) });
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
  for (const path of paths) {
    const text = readFileSync(join(folder, path), 'utf8');
    const put = (sum: string, port: string, index: number): string => sum.replaceAll(`:${port}`, `:${ports[index]}`);
    writeFileSync(join(folder, path), ['3128', '8440', '8443'].reduce(put, text));
  }
  return folder;
}

/** Ports of loopback that are free now; all are held together first, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  for (let i = 0; i < count; i += 1) {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The `curl` lines that a start printed. */
export function curlLines(stdout: string): readonly string[] {
  return stdout.split('\n').filter((line) => line.startsWith('curl '));
}

/** Runs a line as a person would who copied it, without the machine's own proxy settings. */
export function runLine(line: string, cwd: string): Promise<ShellEnd> {
  const env = { PATH: process.env['PATH'], HOME: cwd };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', line], { cwd, env, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}
