import type { Command } from 'commander';
import { applyBreakGlass, readBreakGlassChallenge, type SignedDocument } from '../app/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { parseCap, parseSeconds } from './api-options.ts';
import {
  checkBounds,
  mostBytesUp,
  type OfflineDeclaration,
  readExactTarget,
  writeDocument,
} from './break-glass-document.ts';
import { readKeyFile, signText } from './break-glass-key.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { readChallengeFile, readOfflineDeclaration, readSignedFile, writeSignedFile } from './signed-file.ts';
import { cellText, formatTable, type Row } from './table.ts';
import { durationText, whenText } from './when-text.ts';
import { countText, sizeText } from './wording.ts';

interface SignFlags {
  readonly document: string;
  readonly key: string;
  readonly keyId: string;
  readonly challenge?: string;
  readonly service?: string;
  readonly to?: string;
  readonly for?: string;
  readonly reason?: string;
  readonly bytesUp?: string;
}

/** Adds `exeat break-glass challenge`: what must be signed for this point, asked of the point itself because control is down. */
export function registerBreakGlassChallenge(parent: Command, cli: Cli): void {
  parent
    .command('challenge')
    .description(
      'ask the point on this machine what must be signed, when control is down; good for ten minutes and once',
    )
    .addHelpText('after', '\nExamples:\n  exeat break-glass challenge -o json > challenge.json\n')
    .action(() => cli.run(() => challenge(cli)));
}

/** Adds `exeat break-glass sign`: the first who signs writes the document, the next ones add to it. */
export function registerBreakGlassSign(parent: Command, cli: Cli): void {
  parent
    .command('sign')
    .description('sign an offline break-glass; the first one says what is opened, the next ones sign the same')
    .requiredOption('--document <file>', 'file of the document and its signatures, made by the first one')
    .requiredOption('--key <file>', 'your enrolled key')
    .requiredOption('--key-id <id>', 'its id')
    .option('--challenge <file>', 'what `break-glass challenge -o json` printed')
    .option('--service <service>', 'who shall reach it')
    .option('--to <host:port>', 'exact host and port')
    .option('--for <duration>', 'how long, at most 1h')
    .option('--reason <text>', 'what is on fire')
    .option('--bytes-up <size>', 'the most bytes up, at most 1GiB (default: 1GiB)')
    .addHelpText(
      'after',
      '\nExamples:\n  exeat break-glass sign --document open.json --challenge challenge.json --service payments-api \\\n    --to bank.example.com:443 --for 1h --reason "payments stand still" --key ana.pem --key-id 01KB…\n  exeat break-glass sign --document open.json --key ben.pem --key-id 01KC…\n',
    )
    .action((flags: SignFlags) => cli.run(() => signDocument(cli, flags)));
}

/** Adds `exeat break-glass apply FILE`: gives the signed document to the point on this machine. */
export function registerBreakGlassApply(parent: Command, cli: Cli): void {
  parent
    .command('apply')
    .description('give a signed document to the point on this machine, which opens what it says at once')
    .argument('<file>', 'file that `break-glass sign` wrote')
    .action((path: string) => cli.run(() => apply(cli, path)));
}

async function challenge(cli: Cli): Promise<ExitCode> {
  const config = cli.config();
  if (config === null) return exitCodes.error;
  const asked = await readBreakGlassChallenge(config);
  if (!asked.ok) return cli.fail(asked.fault);
  const { pointId, nonce, now } = asked.value;
  const rows: readonly Row[] = [
    { what: 'point', is: pointId },
    { what: 'nonce', is: nonce },
    { what: 'time of the point', is: whenText(new Date(now).toISOString(), cli.io.now()) },
  ];
  cli.printObject({ pointId, nonce, now }, () => formatTable(['what', 'is'], rows));
  return exitCodes.ok;
}

function signDocument(cli: Cli, flags: SignFlags): ExitCode {
  const key = readKeyFile(flags.key, cli.io.env);
  if (!key.ok) return cli.fail(key.fault);
  const opened = openDocument(flags);
  if (!opened.ok) return cli.fail(opened.fault);
  const { document, signatures } = opened.value;
  const told = tellDeclaration(cli, 'signing', opened.value);
  if (told !== null) return told;
  // A second signature of one key counts once, so the newer one takes its place.
  const others = signatures.filter((each) => each.key !== flags.keyId);
  const signed = { document, signatures: [...others, { key: flags.keyId, signature: signText(key.value, document) }] };
  const written = writeSignedFile(flags.document, signed);
  if (!written.ok) return cli.fail(written.fault);
  cli.printObject(
    { ...signed },
    () => `${cellText(flags.document)} has ${countText(signed.signatures.length, 'signature')}\n`,
  );
  return exitCodes.ok;
}

async function apply(cli: Cli, path: string): Promise<ExitCode> {
  const config = cli.config();
  if (config === null) return exitCodes.error;
  const signed = readSignedFile(path);
  if (!signed.ok) return cli.fail(signed.fault);
  if (signed.value === null)
    return cli.fail({ message: `there is no file \`${path}\`, \`exeat break-glass sign\` writes one` });
  const told = tellDeclaration(cli, 'opening', signed.value);
  if (told !== null) return told;
  const applied = await applyBreakGlass(config, signed.value);
  if (!applied.ok) return cli.fail(applied.fault);
  const rows = Object.entries(applied.value).map(([what, is]) => ({ what, is }));
  cli.printObject(applied.value, () => formatTable(['what', 'is'], rows));
  return exitCodes.ok;
}

/** The document that is there, or a new one of the flags. Faults: a file or flag that is malformed, `document_differs`. */
function openDocument(flags: SignFlags): Result<SignedDocument> {
  const there = readSignedFile(flags.document);
  if (!there.ok) return there;
  const isSayingMore = [flags.challenge, flags.service, flags.to, flags.for, flags.reason, flags.bytesUp].some(
    (one) => one !== undefined,
  );
  if (there.value === null) return declare(flags);
  if (!isSayingMore) return ok(there.value);
  const message = `\`${flags.document}\` says already what is opened: leave out \`--challenge\`, \`--service\`, \`--to\`, \`--for\` and \`--reason\`, or name a new file`;
  return failed(fault('document_differs', message));
}

function declare(flags: SignFlags): Result<SignedDocument> {
  const { challenge: path, service, to, for: lasts, reason, document: file } = flags;
  if (path === undefined || service === undefined || to === undefined || lasts === undefined || reason === undefined) {
    const message = `there is no file \`${file}\` yet: the first one gives \`--challenge\`, \`--service\`, \`--to\`, \`--for\` and \`--reason\``;
    return failed(fault('document_missing', message));
  }
  const asked = readChallengeFile(path);
  if (!asked.ok) return asked;
  const target = readExactTarget(to);
  if (!target.ok) return target;
  const amounts = readAmounts(lasts, flags.bytesUp);
  if (!amounts.ok) return amounts;
  const { nonce, pointId: point } = asked.value;
  const declared = { point, nonce, service, to: target.value, reason, ...amounts.value };
  const document = writeDocument({ kind: 'exeat-break-glass', v: 1, ...declared });
  return document.ok ? ok({ document: document.value, signatures: [] }) : document;
}

function readAmounts(
  lasts: string,
  cap: string | undefined,
): Result<Pick<OfflineDeclaration, 'durationMs' | 'bytesUp'>> {
  const duration = parseSeconds('--for', lasts);
  if (!duration.ok) return duration;
  const bytes = cap === undefined ? ok(mostBytesUp) : parseCap('--bytes-up', cap);
  if (!bytes.ok) return bytes;
  const bytesUp = bytes.value ?? mostBytesUp;
  const bounds = checkBounds(duration.value, bytesUp);
  return bounds.ok ? ok({ durationMs: duration.value * 1000, bytesUp }) : bounds;
}

// Nobody signs or opens unseen. Gives an exit code where the document is none of ours.
function tellDeclaration(cli: Cli, doing: string, signed: SignedDocument): ExitCode | null {
  const declared = readOfflineDeclaration(signed);
  if (!declared.ok) return cli.fail(declared.fault);
  const { service, to, durationMs, bytesUp, reason, point } = declared.value;
  const rows: readonly Row[] = [
    { what: 'service', is: service },
    { what: 'to', is: to },
    { what: 'for', is: durationText(durationMs / 1000) },
    { what: 'at most', is: `${sizeText(bytesUp)} up` },
    { what: 'reason', is: reason },
    { what: 'at point', is: point },
  ];
  cli.io.writeError(`${doing}:\n${formatTable(['what', 'is'], rows)}\n`);
  return null;
}
