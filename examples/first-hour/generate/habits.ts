import type { Rhythm } from './calendar.ts';
import type { Habit } from './estate.ts';

const telemetry = {
  to: 'tls://otel.metricshub.example:443',
  rhythm: poll(30, 0.15),
  upKib: [20, 90],
  downKib: [1, 3],
} as const;
const images = {
  to: 'tls://img-#.assets.shopcdn.example:443',
  numbers: { of: 36, perDay: 8 },
  upKib: [1, 4],
  downKib: [20, 900],
} as const;
const small = { upKib: [1, 6], downKib: [2, 40] } as const;

/** What the five services do on ordinary days, at night and at the end of the month. */
export const habits: readonly Habit[] = [
  ...of('shop-web', [
    { ...small, to: 'tls://api.payhub.example:443', rhythm: curve('shop', 156, 1.2) },
    { ...small, to: 'tls://catalogue.pim.example:443', rhythm: curve('shop', 90, 0.8) },
    { ...small, to: 'tls://query.findly.example:443', rhythm: curve('shop', 192, 1.2) },
    { ...images, rhythm: curve('shop', 132, 1.2) },
    { ...small, to: 'tls://api.postbox.example:443', rhythm: curve('shop', 36, 1) },
    { ...small, to: 'tls://rates.parcelway.example:443', rhythm: curve('shop', 54, 1) },
    { ...small, to: 'tls://labels.parcelway.example:443', rhythm: curve('office', 24, 0.1) },
    { ...small, to: 'tls://address.geocode.example:443', rhythm: curve('shop', 42, 1) },
    { ...small, to: 'tls://tax.vatcheck.example:443', rhythm: curve('shop', 30, 1) },
    { ...small, to: 'tls://flags.featurely.example:443', rhythm: poll(15, 0.05) },
    { ...small, to: 'tls://status.pagewatch.example:443', rhythm: curve('office', 6, 0.2) },
    { ...small, to: 'tls://feeds.pricewire.example:443', rhythm: job('05:10', 'daily', 3, 10) },
    telemetry,
  ]),
  ...of('payments-api', [
    { ...small, to: 'tls://bank-gateway.example.com:443', rhythm: curve('shop', 138, 1.2) },
    { ...small, to: 'tls://api.riskscore.example:443', rhythm: curve('shop', 90, 1.2) },
    { ...small, to: 'tls://acs.cardscheme.example:443', rhythm: curve('shop', 42, 1.2) },
    { ...small, to: 'tls://directory.cardscheme.example:443', rhythm: job('04:20', 'daily', 2, 5) },
    { ...small, to: 'tls://tokens.vaulted.example:443', rhythm: curve('shop', 72, 1.2) },
    { ...small, to: 'tls://kms.example.com:443', rhythm: curve('shop', 24, 1) },
    { ...small, to: 'tls://fx.ratefeed.example:443', rhythm: poll(60, 0.1) },
    { ...small, to: 'http://ocsp.pki.example:80', rhythm: curve('shop', 12, 1) },
    { ...small, to: 'tls://wallet.payhub.example:443', rhythm: curve('shop', 24, 1) },
    // The other site of the bank is used in two drills only.
    { ...small, to: 'tls://bank-gateway-dr.example.com:443', rhythm: job('10:05', [12], 3, 25) },
    { ...small, to: 'tls://bank-gateway-dr.example.com:443', rhythm: job('14:40', [31], 2, 10) },
    {
      to: 'tls://statements.example.com:443',
      rhythm: job('22:30', 'month-end', 12, 40),
      upKib: [2, 9],
      downKib: [200, 4000],
    },
    {
      to: 'tcp://sftp.settlement.example:22',
      rhythm: job('01:30', 'daily', 2, 12),
      upKib: [900, 6000],
      downKib: [4, 30],
      isDirect: true,
    },
    { to: 'tcp://203.0.113.240:1414', rhythm: curve('shop', 24, 1), upKib: [2, 20], downKib: [2, 20], isDirect: true },
    telemetry,
  ]),
  ...of('ci-runner', [
    { ...small, to: 'tls://git.example.com:443', rhythm: curve('build', 72, 0.1) },
    { upKib: [2, 9], downKib: [20, 3000], to: 'tls://registry.example.com:443', rhythm: curve('build', 84, 0.1) },
    { upKib: [2, 9], downKib: [20, 3000], to: 'tls://packages.example.org:443', rhythm: curve('build', 36, 0.1) },
    { ...small, to: 'tls://index.crateshelf.example:443', rhythm: curve('build', 30, 0.1) },
    { ...small, to: 'tls://containers.example.net:443', rhythm: curve('build', 30, 0.1) },
    {
      to: 'tls://blob-#.layers.example.net:443',
      numbers: { of: 24, perDay: 6 },
      rhythm: curve('build', 42, 0.1),
      upKib: [1, 3],
      downKib: [300, 9000],
    },
    { ...small, to: 'tls://dl.toolchain.example:443', rhythm: curve('build', 14, 0.1) },
    { ...small, to: 'tls://hooks.chatroom.example:443', rhythm: curve('build', 24, 0.1) },
    { ...small, to: 'tls://api.coverly.example:443', rhythm: curve('build', 22, 0.1) },
    {
      upKib: [2, 9],
      downKib: [9000, 40_000],
      to: 'tls://advisories.cvefeed.example:443',
      rhythm: job('03:00', 'daily', 4, 15),
    },
    telemetry,
  ]),
  ...of('warehouse-etl', [
    {
      to: 'tls://exports.lakehouse.example:443',
      rhythm: job('02:00', 'daily', 24, 50),
      upKib: [4, 20],
      downKib: [4000, 60_000],
      isDirect: true,
    },
    { to: 'tls://api.crmcloud.example:443', rhythm: poll(30, 0.2), upKib: [2, 9], downKib: [40, 900], isDirect: true },
    {
      to: 'tls://reports.adreach.example:443',
      rhythm: job('06:15', 'daily', 8, 20),
      upKib: [2, 9],
      downKib: [400, 9000],
      isDirect: true,
    },
    {
      to: 'tls://stats.adreach.example:443',
      rhythm: job('06:15', 'daily', 8, 20),
      upKib: [2, 9],
      downKib: [40, 900],
      isDirect: true,
    },
    {
      to: 'tls://api.sheetly.example:443',
      rhythm: curve('office', 30, 0.1),
      upKib: [2, 20],
      downKib: [2, 200],
      isDirect: true,
    },
    {
      to: 'tcp://db.partner.example.org:5432',
      rhythm: job('03:15', 'daily', 6, 30),
      upKib: [9, 90],
      downKib: [900, 30_000],
      isDirect: true,
    },
    // The nightly backup sends more than anything else does.
    {
      to: 'tls://backup.coldstore.example:443',
      rhythm: job('04:00', 'daily', 10, 60),
      upKib: [90_000, 400_000],
      downKib: [20, 200],
      isDirect: true,
    },
    {
      to: 'tls://ledger.closebooks.example:443',
      rhythm: job('23:10', 'month-end', 20, 45),
      upKib: [200, 900],
      downKib: [20, 200],
      isDirect: true,
    },
    {
      to: 'udp://time.example.net:123',
      rhythm: poll(34, 0.02),
      upKib: [0.1, 0.1],
      downKib: [0.1, 0.1],
      isDirect: true,
    },
  ]),
  ...of('support-desk', [
    { ...small, to: 'tls://tickets.helpdesk.example:443', rhythm: curve('office', 54, 0.15) },
    { ...small, to: 'tls://voice.callbridge.example:443', rhythm: curve('office', 30, 0.15) },
    { ...small, to: 'tls://tenant-12.crmcloud.example:443', rhythm: curve('office', 36, 0.15) },
    { ...small, to: 'tls://wiki.example.org:443', rhythm: curve('office', 24, 0.1) },
    { ...small, to: 'tls://translate.lingua.example:443', rhythm: curve('office', 20, 0.1) },
    { ...small, to: 'tls://rates.parcelway.example:443', rhythm: curve('office', 12, 0.1) },
    { ...small, to: 'tls://status.pagewatch.example:443', rhythm: curve('office', 5, 0.2) },
    { ...small, to: 'tls://fonts.typecase.example:443', rhythm: curve('office', 25, 0.1) },
    { ...images, rhythm: curve('office', 36, 0.1) },
    {
      to: 'tcp://smtp.postbox.example:587',
      rhythm: curve('office', 24, 0.2),
      upKib: [4, 400],
      downKib: [1, 3],
      isDirect: true,
    },
    // Nothing declares it and nobody else uses it: a person has to say whether it is wanted.
    { ...small, to: 'tls://forms.askwell.example:443', rhythm: curve('office', 1.5, 0) },
    telemetry,
  ]),
];

function of(service: string, rest: readonly Omit<Habit, 'service'>[]): readonly Habit[] {
  return rest.map((habit) => ({ service, ...habit }));
}

function curve(name: Extract<Rhythm, { kind: 'curve' }>['curve'], perDay: number, weekendShare: number): Rhythm {
  return { kind: 'curve', curve: name, perDay, weekendShare };
}

function poll(everyMinutes: number, jitter: number): Rhythm {
  return { kind: 'poll', everyMinutes, jitter };
}

function job(at: string, on: Extract<Rhythm, { kind: 'job' }>['on'], calls: number, overMinutes: number): Rhythm {
  return { kind: 'job', at, on, calls, overMinutes };
}
