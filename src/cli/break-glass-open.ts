import type { Command } from 'commander';
import { endpoints } from '../api/contract/index.ts';
import { ok, type Result } from '../base/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import { parseSeconds } from './api-options.ts';
import { checkBounds, type Declaration, readExactTarget, signedText, writeDocument } from './break-glass-document.ts';
import { readKeyFile, signText } from './break-glass-key.ts';
import type { Cli } from './cli.ts';
import { printException } from './exception-text.ts';
import type { ExitCode } from './exit-codes.ts';

interface OpenFlags extends ApiFlags {
  readonly service: string;
  readonly to: string;
  readonly for: string;
  readonly reason: string;
  readonly key: string;
  readonly keyId: string;
}

/** Adds `exeat break-glass open`: opens one host and port at once, signed by an enrolled key and never by a token. */
export function registerBreakGlassOpen(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'open', 'open one host and port at once, loudly: everybody is told and a review is due')
    .requiredOption('--service <service>', 'who shall reach it: a service of the policy')
    .requiredOption('--to <host:port>', 'exact host and port')
    .requiredOption('--reason <text>', 'what is on fire')
    .requiredOption('--key <file>', 'your enrolled key, made by `break-glass keygen`')
    .requiredOption('--key-id <id>', 'its id, as `break-glass keys` lists it')
    .option('--for <duration>', 'how long, at most 1h; it ends after 10 minutes unless somebody acknowledges', '1h')
    .addHelpText(
      'after',
      '\nA key under a passphrase is opened by the file that EXEAT_KEY_PASSPHRASE_FILE names.\n\nExamples:\n  exeat break-glass open --service payments-api --to bank.example.com:443 --reason "payments stand still, INC-4711" \\\n    --key ~/.exeat/break-glass.pem --key-id 01KB0Z2Q6W7V8X9Y0A1B2C3D4E\n',
    )
    .action((flags: OpenFlags) => runWithApi(cli, flags, (client) => open(cli, client, flags)));
}

async function open(cli: Cli, client: ApiClient, flags: OpenFlags): Promise<ExitCode> {
  const declared = readDeclared(flags);
  if (!declared.ok) return cli.fail(declared.fault);
  const key = readKeyFile(flags.key, cli.io.env);
  if (!key.ok) return cli.fail(key.fault);
  const { keyId } = flags;
  const challenge = await client.call(endpoints.challengeBreakGlass, { body: { key: keyId } });
  if (!challenge.ok) return failCall(cli, challenge.fault);
  const document = writeDocument({ ...declared.value, key: keyId, nonce: challenge.value.body.nonce });
  if (!document.ok) return cli.fail(document.fault);
  const signature = signText(key.value, signedText(document.value));
  const opened = await client.call(endpoints.declareBreakGlass, {
    body: { key: keyId, document: document.value, signature },
  });
  return opened.ok ? printException(cli, opened.value.body) : failCall(cli, opened.fault);
}

// Checked before anything is asked: what control would refuse costs a challenge and time that nobody has.
function readDeclared({ service, reason, to, for: lasts }: OpenFlags): Result<Omit<Declaration, 'key' | 'nonce'>> {
  const duration = parseSeconds('--for', lasts);
  if (!duration.ok) return duration;
  const bounds = checkBounds(duration.value, 0);
  if (!bounds.ok) return bounds;
  const target = readExactTarget(to);
  return target.ok ? ok({ for: duration.value, reason, service, to: target.value }) : target;
}
