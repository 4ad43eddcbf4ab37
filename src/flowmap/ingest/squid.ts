import { ok } from '../../base/index.ts';
import type { LogFormat } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import { shareOfLines } from './share-of-lines.ts';
import { SquidNativeParser } from './squid-native.ts';
import { createSquidTemplateParser } from './squid-record.ts';
import { squidBuiltIns } from './squid-template.ts';

/** Squid's access log: native, common, combined, and any `logformat` that is given as grammar. */
export const squidFormat: LogFormat = {
  id: 'squid',
  title: 'Squid access log',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: false,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'request',
    time: 'end',
    blindSpots: [
      'Bytes sent to the destination are not logged, unless the format has `%>st`.',
      'What a tunnel carries inside is not seen: the destination is what the client asked CONNECT for.',
      'An intercepted connection is known by its address alone, unless the format has `%ssl::>sni`.',
      'Behind a parent proxy the address of the destination is not known.',
      'A connection that is still open has no record yet.',
    ],
  },
  isOrdered: false,
  grammar: {
    what: 'a `logformat` of squid.conf, or the name of one that Squid has built in: `squid`, `common`, `combined`',
    example: '%ts.%03tu %6tr %>a %Ss/%03>Hs %>st %<st %rm %ru %[un %Sh/%<a %ssl::>sni',
  },
  detect: (sample) => Math.max(...shapes.map(([, shape]) => shareOf(sample, shape)), 0),
  learn: (sample) => {
    const scores = shapes.map(([name, shape]) => ({ name, share: shareOf(sample, shape) }));
    const best = scores.sort((a, b) => b.share - a.share)[0];
    return best === undefined || best.share === 0 || best.name === 'squid' ? null : best.name;
  },
  createParser: (options) => {
    const grammar = options.grammar?.trim() ?? 'squid';
    const isNative = grammar === 'squid' || grammar === squidBuiltIns['squid'];
    return isNative ? ok(new SquidNativeParser()) : createSquidTemplateParser(grammar, options);
  },
};

/** What only a line of each built-in format looks like: the code that says how Squid fetched it, in its place. */
const shapes: readonly (readonly [string, RegExp])[] = [
  ['squid', /^(?:\S+: )?\d{1,11}\.\d{3} +\d+ \S+ [A-Z_]+\/(?:\d{3}|-) \d+ \S+ \S+ .*\b[A-Z_]+\/\S+ \S+/],
  ['common', /^(?:\S+: )?\S+ - .* \[[^\]]+\] "[^"]*" \d{3} \d+ [A-Z_]+:[A-Z_]+$/],
  ['combined', /^(?:\S+: )?\S+ - .* \[[^\]]+\] "[^"]*" \d{3} \d+ "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*" [A-Z_]+:[A-Z_]+$/],
];

/** Lines past this are judged by their head alone. */
const longestLineChars = 4096;

function shareOf(sample: readonly LogLine[], shape: RegExp): number {
  return shareOfLines(sample, (text) => shape.test(text.slice(0, longestLineChars)));
}
