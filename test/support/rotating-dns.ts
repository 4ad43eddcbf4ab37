import { createSocket } from 'node:dgram';
import { type Answer, decode, encode } from 'dns-packet';

// A DNS server of its own process: rotating-dns.ts ADDRESS TTL PREFIX4 PREFIX6. Whatever is asked of `rotating…` gets the next two addresses of
// the family at each question, 1 and 2, then 3 and 4; `held…` always has 5 and 6, every other name 1 and 2. A line is printed for each question.

const [address = '', ttl = '5', prefix4 = '', prefix6 = ''] = process.argv.slice(2);
const asked = new Map<string, number>();

for (const type of ['udp4', 'udp6'] as const) {
  if ((type === 'udp6') !== address.includes(':')) continue;
  const socket = createSocket(type);
  socket.on('message', (bytes, peer) => socket.send(answerTo(bytes), peer.port, peer.address));
  socket.bind(53, address, () => process.stdout.write('answers\n'));
}

function answerTo(bytes: Buffer): Buffer {
  const query = decode(bytes);
  const question = query.questions?.[0];
  if (question === undefined) return bytes;
  const { type } = question;
  // Resolvers spell a name at random, and compare the spelling.
  const name = question.name.toLowerCase();
  const key = `${name} ${type}`;
  const count = asked.get(key) ?? 0;
  asked.set(key, count + 1);
  process.stdout.write(`${key}\n`);
  const first = name.startsWith('rotating') ? 2 * count + 1 : name.startsWith('held') ? 5 : 1;
  const prefix = type === 'A' ? prefix4 : type === 'AAAA' ? prefix6 : null;
  const answers: Answer[] =
    prefix === null
      ? []
      : [first, first + 1].map((host) => ({
          type: type as 'A',
          name: question.name,
          ttl: Number(ttl),
          data: `${prefix}${host}`,
        }));
  return encode({ type: 'response', id: query.id ?? 0, flags: 0x0180, questions: [question], answers });
}
