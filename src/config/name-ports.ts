import type { Config, NamePorts } from './config.ts';

const usual: NamePorts = { tlsPorts: [443], httpPorts: [80] };

/** The ports that are read by name in a run: those of the gateway, and the usual ones where there is none. */
export function namePortsOf({ gateway, run }: Pick<Config, 'gateway' | 'run'>): NamePorts {
  const { tlsPorts, httpPorts } = run.ports ?? gateway ?? usual;
  return { tlsPorts, httpPorts };
}
