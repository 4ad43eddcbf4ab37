import type { Command } from 'commander';
import { type ExceptionAnswer, endpoints } from '../api/contract/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFault, apiFault } from './api-problem.ts';
import type { Cli } from './cli.ts';
import { exceptionFacts } from './exception-text.ts';

/** Adds `--digest`, which pins what was looked at. */
export function addDigestOption(command: Command): Command {
  return command.option('--digest <digest>', 'the digest that `show` printed: anything else is refused');
}

/** What is about to happen, for people, and the digest that they pinned. */
interface Looking {
  readonly doing: string;
  readonly digest: string | undefined;
}

/**
 * Reads an exception before it is decided on and shows it on stderr, so that nobody decides unseen. Faults: those of the call, and
 * `digest_stale` where it is not what `--digest` pinned; nothing was sent then.
 */
export async function lookAt(
  cli: Cli,
  client: ApiClient,
  id: string,
  { doing, digest }: Looking,
): Promise<Result<ExceptionAnswer, ApiFault>> {
  const shown = await client.call(endpoints.showException, { params: { id } });
  if (!shown.ok) return shown;
  const one = shown.value.body;
  if (digest !== undefined && digest !== one.digest) {
    const message = `\`${id}\` is not what you looked at: its digest is \`${one.digest}\` now, see \`exeat exception show ${id}\``;
    return failed(apiFault(fault('digest_stale', message)));
  }
  cli.io.writeError(`${doing}:\n${exceptionFacts(one, cli.io.now())}\n`);
  return ok(one);
}
