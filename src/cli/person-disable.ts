import type { Command } from 'commander';
import { endpoints } from '../api/contract/index.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import type { Cli } from './cli.ts';
import { printPerson } from './person-list.ts';

interface ReasonFlags extends ApiFlags {
  readonly reason: string;
}

/** Adds `exeat person disable ID`: tokens stop at once, and what only they answer for is held. */
export function registerPersonDisable(parent: Command, cli: Cli): void {
  addReasonedCommand(
    parent,
    'disable',
    'stop a person: their tokens end, and what only they answer for is held',
  ).action((id: string, flags: ReasonFlags) =>
    runWithApi(cli, flags, async (client) => {
      const { reason } = flags;
      const done = await client.call(endpoints.disablePerson, { params: { id }, body: { reason } });
      return done.ok ? printPerson(cli, done.value.body) : failCall(cli, done.fault);
    }),
  );
}

/** Adds `exeat person enable ID`. */
export function registerPersonEnable(parent: Command, cli: Cli): void {
  addReasonedCommand(parent, 'enable', 'let a disabled person in again').action((id: string, flags: ReasonFlags) =>
    runWithApi(cli, flags, async (client) => {
      const { reason } = flags;
      const done = await client.call(endpoints.enablePerson, { params: { id }, body: { reason } });
      return done.ok ? printPerson(cli, done.value.body) : failCall(cli, done.fault);
    }),
  );
}

/** Adds `exeat person link ID --to OTHER`: two accounts of one person never approve for each other. */
export function registerPersonLink(parent: Command, cli: Cli): void {
  addReasonedCommand(parent, 'link', 'say that two accounts are of one person: neither approves for the other')
    .requiredOption('--to <other>', 'the other account')
    .action((id: string, flags: ReasonFlags & { readonly to: string }) =>
      runWithApi(cli, flags, async (client) => {
        const { to, reason } = flags;
        const done = await client.call(endpoints.linkPeople, { params: { id }, body: { to, reason } });
        return done.ok ? printPerson(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

/** Adds `exeat person unlink ID --from OTHER`: takes a link back; by somebody whom it does not touch. */
export function registerPersonUnlink(parent: Command, cli: Cli): void {
  addReasonedCommand(parent, 'unlink', 'take back that two accounts are of one person; by somebody else than the two')
    .requiredOption('--from <other>', 'the other account')
    .action((id: string, flags: ReasonFlags & { readonly from: string }) =>
      runWithApi(cli, flags, async (client) => {
        const { from: to, reason } = flags;
        const done = await client.call(endpoints.unlinkPeople, { params: { id }, body: { to, reason } });
        return done.ok ? printPerson(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

function addReasonedCommand(parent: Command, name: string, description: string): Command {
  return addApiCommand(parent, name, description)
    .argument('<id>', 'id of the person')
    .requiredOption('--reason <text>', 'why, for the log of acts');
}
