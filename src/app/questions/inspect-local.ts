import { existsSync } from 'node:fs';
import type { Config } from '../../config/index.ts';
import { type CompiledPolicy, listLocalNames } from '../../policy/index.ts';
import { lookUpAccounts } from '../point/local-accounts.ts';
import { findLocalPlace } from '../point/local-place.ts';
import { askForCuts } from './cut-ports.ts';
import { type Inspection, pass } from './inspection.ts';

/** Where nft looks for cgroups, and what is there of v2 only. */
const cgroupRoot = '/sys/fs/cgroup/cgroup.controllers';

/** Judges whether processes of this machine can be held as the configuration says; nothing where they are not. */
export async function inspectLocal(config: Config, policy: CompiledPolicy | null): Promise<readonly Inspection[]> {
  const local = config.gateway?.local ?? null;
  if (local === null) return [];
  const { problems } = await findLocalPlace(local);
  return [
    problems.length === 0
      ? pass('gateway exempt', local.exempt.join(', ') || 'nobody')
      : lost('gateway exempt', problems),
    await inspectCuts(config),
    ...(policy === null ? [] : [await inspectNames(policy)]),
  ];
}

async function inspectCuts(config: Config): Promise<Inspection> {
  const cuts = await askForCuts(config);
  if (cuts.ok) return pass('gateway inbound', 'nobody who is connected now would be cut off');
  const [says = '', mend = ''] = cuts.fault.message.split(', add ');
  return { check: 'gateway inbound', result: 'fail', says, mend: `add ${mend}` };
}

async function inspectNames(policy: CompiledPolicy): Promise<Inspection> {
  const check = 'gateway local';
  const names = listLocalNames(policy);
  const valuesOf = (kind: string): readonly string[] => names.filter(({ by }) => by === kind).map(({ value }) => value);
  const { users, groups } = await lookUpAccounts(valuesOf('user'), valuesOf('group'));
  const unknown = names.filter(
    ({ by, value }) => (by === 'user' && !users.has(value)) || (by === 'group' && !groups.has(value)),
  );
  if (unknown.length > 0) return lost(check, [`this host does not know ${unknown.map(({ text }) => text).join(', ')}`]);
  if (valuesOf('cgroup').length > 0 && !existsSync(cgroupRoot))
    return {
      check,
      result: 'fail',
      says: 'cgroups of v2 are not at /sys/fs/cgroup, so no cgroup names anybody',
      mend: 'boot with `systemd.unified_cgroup_hierarchy=1`, or name users',
    };
  return pass(check, `${names.length} names of users, groups and cgroups`);
}

function lost(check: string, says: readonly string[]): Inspection {
  return { check, result: 'warn', says: says.join('; '), mend: 'make the account, or take the name out' };
}
