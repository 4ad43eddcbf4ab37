import { failed, fault, ok } from '../../base/index.ts';
import type { LineOutcome } from '../observation.ts';
import { createHaproxyReader, type HaproxyReader } from './haproxy-record.ts';
import { compileHaproxyFormat, haproxyBuiltIns } from './haproxy-template.ts';
import type { LogFormat } from './log-format.ts';
import { shareOfLines } from './share-of-lines.ts';
import { withoutSyslogTag } from './syslog-tag.ts';

/** HAProxy's log, where it is a forward proxy or a relay by server name. */
export const haproxyFormat: LogFormat = {
  id: 'haproxy',
  title: 'HAProxy log',
  fields: {
    names: 'record',
    destinationAddress: false,
    bytesUp: false,
    bytesDown: true,
    identity: false,
    denials: true,
    unit: 'request',
    time: 'start',
    blindSpots: [
      'The formats that HAProxy has built in name the server by its name in the configuration: the destination is known only where a client asked for a URL or CONNECT, sent a server name, or where Host is the first captured header.',
      'The address of the destination is not logged, unless the format has `%si`.',
      'Bytes sent to the destination are not logged, unless the format has `%U`.',
    ],
  },
  isOrdered: false,
  grammar: {
    what: 'a `log-format`, or the name of one that HAProxy has built in: `httplog`, `httpslog`, `tcplog`',
    example: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %U %B %ts %si:%sp %[req.ssl_sni]',
  },
  detect: (sample) => shareOfLines(sample, (text) => httpShape.test(text) || tcpShape.test(text)),
  learn: () => null,
  createParser: (options) => {
    // Frontends with different options write to one log.
    const grammars = options.grammar === null ? Object.keys(haproxyBuiltIns) : [options.grammar];
    const readers: HaproxyReader[] = [];
    for (const grammar of grammars) {
      const template = compileHaproxyFormat(grammar);
      if (!template.ok)
        return failed(fault('grammar_invalid', `this is no \`log-format\` to read by: ${template.fault}`));
      readers.push(createHaproxyReader(template.value, options));
    }
    return ok({
      parse: (line, sink) => {
        const text = withoutSyslogTag(line.text());
        for (const read of readers) {
          const outcome = read(text, sink);
          if (outcome !== null) return outcome;
        }
        return outcomeOfMessage(text);
      },
    });
  },
};

const start = String.raw`^(?:\S+: )?\S+:\d+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] \S+ \S+\/\S* `;
const httpShape = new RegExp(String.raw`${start}-?\d+\/-?\d+\/-?\d+\/-?\d+\/\+?-?\d+ -?\d+ \+?\d+ `);
const tcpShape = new RegExp(String.raw`${start}-?\d+\/-?\d+\/\+?-?\d+ \+?\d+ [A-Za-z-]{2} \d+\/`);

// Connections without a format of their own, and what HAProxy says of itself.
function outcomeOfMessage(text: string): LineOutcome {
  if (/^Connect from \S+ to \S+ /.test(text)) return 'no_destination';
  if (/^\S+:\d+ \[[^\]]+\] \S+\/\S+: /.test(text)) return 'no_destination';
  return /^(?:Proxy|Server|Backup Server|Health check|backend|Stopping|Pausing|Resuming) /i.test(text)
    ? 'not_network'
    : 'other_format';
}
