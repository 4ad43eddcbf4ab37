import type { Command } from 'commander';
import { type ConfirmationBody, type ConfirmedAct, endpoints } from '../api/contract/index.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../audit/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFault, apiFault } from './api-problem.ts';
import { readKeyFile, signText } from './break-glass-key.ts';
import type { Cli } from './cli.ts';

/** The flags of a confirmation: an enrolled key, and its id. */
export interface ConfirmFlags {
  readonly key?: string;
  readonly keyId?: string;
}

/** What is confirmed: an act, the id in its path, and everything that it is sent with. */
export interface ActToConfirm {
  readonly act: ConfirmedAct;
  readonly id: string;
  readonly body: JsonObject;
}

/** Adds `--key` and `--key-id`. */
export function addConfirmOptions(command: Command): Command {
  return command
    .option(
      '--key <file>',
      'confirm it with your enrolled key, where its tier asks for that (passkeys confirm in the console)',
    )
    .option('--key-id <id>', 'the id of the key, as `break-glass keys` lists it');
}

/**
 * Signs an act with an enrolled key; nothing where no key is named. What control gives to sign is compared with what is meant first. Faults:
 * `confirmation_missing` for half of the flags, those of the key file and of the call, `confirmation_refused` for a document of something else.
 */
export async function confirmAct(
  cli: Cli,
  client: ApiClient,
  asked: ActToConfirm,
  { key: path, keyId }: ConfirmFlags,
): Promise<Result<{ readonly confirmation?: ConfirmationBody }, ApiFault>> {
  if (path === undefined && keyId === undefined) return ok({});
  if (path === undefined || keyId === undefined)
    return failed(apiFault(fault('confirmation_missing', '`--key` and `--key-id` go together')));
  const key = readKeyFile(path, cli.io.env);
  if (!key.ok) return failed(apiFault(key.fault));
  const offered = await client.call(endpoints.challengeConfirmation, { body: { ...asked } });
  if (!offered.ok) return offered;
  const { nonce, document } = offered.value.body;
  if (!isOf(document, asked))
    return failed(
      apiFault(fault('confirmation_refused', 'control asks to sign another act than this one, nothing was signed')),
    );
  return ok({ confirmation: { nonce, key: keyId, signature: signText(key.value, `exeat-confirm-v1\n${document}`) } });
}

function isOf(document: string, { act, id, body }: ActToConfirm): boolean {
  try {
    const { person: _person, nonce: _nonce, ...told } = JSON.parse(document) as Readonly<Record<string, JsonValue>>;
    const [one, other] = [canonicalJson(told), canonicalJson({ act, id, body })];
    return one.ok && other.ok && one.value === other.value;
  } catch {
    return false;
  }
}
