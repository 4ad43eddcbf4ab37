// Makes sure that what the scripts of package.json need is there, on a machine that has only Node 20, npm and Debian.
// Plain JavaScript without imports from outside, because nothing is installed yet when it runs.
//   node tools/setup.mjs            the npm dependencies, Node 24 among them
//   node tools/setup.mjs --test     and the system packages that tests need
//   node tools/setup.mjs --bench    and the peers that benches measure against
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildForSetup } from './build-native.mjs';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const leastNodeMajor = 24;
// Data stays on stdout, what we say about it goes to stderr.
const toStderr = ['ignore', 2, 2];

/** Programs by the Debian package that brings them; `file` is looked for where a program on the path proves too little. */
const testPackages = [
  { package: 'openssl', program: 'openssl' },
  { package: 'curl', program: 'curl' },
  { package: 'git', program: 'git' },
  { package: 'gcc', program: 'cc' },
  { package: 'libc6-dev', file: '/usr/include/stdio.h' },
  { package: 'bind9-dnsutils', program: 'delv' },
  { package: 'knot-dnsutils', program: 'kdig' },
  { package: 'dnsperf', program: 'dnsperf' },
  { package: 'iproute2', program: 'ip' },
  { package: 'nftables', program: 'nft' },
  { package: 'bubblewrap', program: 'bwrap' },
  { package: 'iperf3', program: 'iperf3' },
  { package: 'ethtool', program: 'ethtool' },
  { package: 'systemd', program: 'systemd-analyze' },
  { package: 'chromium', program: 'chromium' },
  { package: 'valgrind', program: 'valgrind' },
];
const benchPackages = [
  { package: 'squid', program: 'squid' },
  { package: 'tinyproxy', program: 'tinyproxy' },
  { package: 'haproxy', program: 'haproxy' },
  { package: 'goaccess', program: 'goaccess' },
  { package: 'unbound', program: 'unbound' },
  { package: 'dnsmasq-base', program: 'dnsmasq' },
  { package: 'bind9', program: 'named' },
];

ensureDependencies();
ensureNode();
ensureConsole();
const wanted = [];
if (process.argv.includes('--test') || process.argv.includes('--bench')) wanted.push(...testPackages);
if (process.argv.includes('--bench')) wanted.push(...benchPackages);
ensureSystemPackages(wanted);
buildForSetup(say);

function ensureDependencies() {
  if (installedMatchesLock()) return;
  say('installing the npm dependencies (npm ci)');
  const result = spawnSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: toStderr,
  });
  if (result.status === 0) return;
  fail(
    '`npm ci` failed, see above; check the network or the registry that npm is configured for, then run the same command again',
  );
}

/**
 * npm keeps the list of what it installed in node_modules/.package-lock.json. Comparing that with the lock file, and not
 * a stamp of our own, leaves an installation alone that `npm install` just made.
 */
function installedMatchesLock() {
  const lock = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules/.package-lock.json'));
  if (lock === null)
    fail('package-lock.json is missing or unreadable; restore it with `git checkout package-lock.json`');
  if (installed === null) return false;
  return Object.entries(lock).every(([path, entry]) => {
    const there = installed[path];
    if (path === '' || entry.link === true) return true;
    // Packages for other systems stay away.
    if (there === undefined) return entry.optional === true;
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}

/** The npm package `node` brings its program by an install script, which npm may have been told not to run. */
function ensureNode() {
  if (nodeMajor() >= leastNodeMajor) return;
  say(`bringing Node ${leastNodeMajor} (npm rebuild node)`);
  const rebuild = ['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error', '--no-audit', '--no-fund'];
  spawnSync('npm', rebuild, { cwd: root, stdio: toStderr });
  if (nodeMajor() >= leastNodeMajor) return;
  fail(
    `node_modules/.bin/node is not Node ${leastNodeMajor} or later: its install script did not run; allow it with ` +
      '`npm rebuild node --ignore-scripts=false --foreground-scripts` and look at what that says',
  );
}

// Kept by the content of its sources: nothing is built where nothing changed.
function ensureConsole() {
  const built = spawnSync(join(root, 'node_modules/.bin/node'), [join(root, 'tools/build-console.ts')], {
    cwd: root,
    stdio: toStderr,
  });
  if (built.status !== 0) fail('the console could not be built, see above');
}

function nodeMajor() {
  const asked = spawnSync(join(root, 'node_modules/.bin/node'), ['--version'], { encoding: 'utf8' });
  return asked.status === 0 ? Number.parseInt(asked.stdout.slice(1), 10) : 0;
}

function ensureSystemPackages(rows) {
  const missing = rows.filter((row) => !isThere(row)).map((row) => row.package);
  if (missing.length === 0) return;
  const list = missing.join(' ');
  if (!existsSync('/etc/debian_version'))
    return say(`not Debian: what needs ${list} is skipped; install them to run it`);
  if (process.getuid?.() !== 0)
    return say(`not root: what needs ${list} is skipped; run \`apt-get install ${list}\` as root`);
  say(`installing Debian packages with apt-get, starting no service: ${list}`);
  withoutStartingServices(() => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const apt = (...args) =>
      spawnSync('apt-get', ['-q', '-y', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    apt('update');
    if (apt('install', '--no-install-recommends', ...missing).status !== 0) {
      say(`apt-get could not install ${list}, see above; what needs them is skipped`);
    }
  });
}

/** Debian asks /usr/sbin/policy-rc.d before it starts a service; 101 means no. One that is there already is left alone. */
function withoutStartingServices(work) {
  const policy = '/usr/sbin/policy-rc.d';
  let ours = false;
  // A signal waits until apt-get has returned and the file is gone; the short wait below lets it in then.
  const stop = () => process.exit(130);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    if (!existsSync(policy)) {
      writeFileSync(policy, '#!/bin/sh\nexit 101\n', { flag: 'wx', mode: 0o755 });
      ours = true;
    }
    work();
  } finally {
    if (ours) rmSync(policy, { force: true });
    setTimeout(() => process.off('SIGINT', stop).off('SIGTERM', stop), 20);
  }
}

function isThere(row) {
  if (row.file !== undefined) return existsSync(row.file);
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, row.program)));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
