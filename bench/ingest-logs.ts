import { closeSync, openSync, writeSync } from 'node:fs';
import { createGenerator } from './decide-policy.ts';

/** Lines of one block; blocks differ in their times only. */
const blockLines = 400_000;
/** 2026-11-02T00:00:00Z. */
const startSeconds = 1_793_577_600;
/** Clients and destinations, and how many of them each client uses: some thousand edges, as an estate of some hundred services has. */
const clients = 200;
const destinations = 500;
const destinationsPerClient = 12;
/** A block is this much time: some 220 lines a second, a busy day of some hundred hosts in 2 GB. */
const blockSeconds = 1800;

/** Writes lines of Squid's native format; gives their number. */
export function writeSquidLog(path: string, bytes: number): number {
  return writeBlocks(path, bytes, '', (next, seconds) => {
    const [client, destination] = pair(next);
    const head = `${seconds}.${String(next() % 1000).padStart(3, '0')} ${String(next() % 5000).padStart(6)} ${client}`;
    return `${head} TCP_TUNNEL/200 ${next() % 100_000} CONNECT api-${destination}.example.com:443 - HIER_DIRECT/203.0.113.${destination % 250} -\n`;
  });
}

/** Writes rows of VPC flow logs, version 2, requests and replies in turns, with the header line; gives the number of rows. */
export function writeVpcLog(path: string, bytes: number): number {
  let isReply = false;
  const header =
    'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n';
  return writeBlocks(path, bytes, header, (next, seconds) => {
    const [client, destination] = pair(next);
    const server = `203.0.113.${destination % 250}`;
    const port = 32_768 + (next() % 28_000);
    const ends = isReply ? `${server} ${client} 443 ${port}` : `${client} ${server} ${port} 443`;
    isReply = !isReply;
    return `2 123456789010 eni-0123456789abcdef0 ${ends} 6 ${next() % 50} ${next() % 50_000} ${seconds} ${seconds + 60} ACCEPT OK\n`;
  });
}

function pair(next: () => number): readonly [string, number] {
  const client = next() % clients;
  const destination = (client * 37 + (next() % destinationsPerClient) * 11) % destinations;
  return [`10.20.${client >> 5}.${(client % 32) + 1}`, destination];
}

type MakeLine = (next: () => number, seconds: number) => string;

// Ten digits of epoch seconds stay ten digits: later blocks are the first one with other times written over, so that gigabytes take
// seconds to make.
function writeBlocks(path: string, bytes: number, header: string, makeLine: MakeLine): number {
  const block = makeBlock(makeLine);
  const file = openSync(path, 'w');
  writeSync(file, header);
  let [written, lines] = [0, 0];
  for (let round = 0; written < bytes; round++) {
    const shift = round * blockSeconds;
    for (const { at, seconds } of block.times) block.bytes.write(String(seconds + shift), at, 'latin1');
    written += writeSync(file, block.bytes);
    lines += blockLines;
  }
  closeSync(file);
  return lines;
}

function makeBlock(makeLine: MakeLine): {
  readonly bytes: Buffer;
  readonly times: readonly { readonly at: number; readonly seconds: number }[];
} {
  const next = createGenerator(7);
  const lines: string[] = [];
  for (let line = 0; line < blockLines; line++) {
    lines.push(makeLine(next, startSeconds + Math.floor((line * blockSeconds) / blockLines)));
  }
  const text = lines.join('');
  const times: { at: number; seconds: number }[] = [];
  for (const found of text.matchAll(/(?<=^| )179\d{7}(?=[ .])/gm))
    times.push({ at: found.index, seconds: Number(found[0]) });
  return { bytes: Buffer.from(text, 'latin1'), times };
}
