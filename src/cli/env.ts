import { type Command, Option } from 'commander';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

const shells = ['sh', 'fish', 'powershell'] as const;
const runtimes = ['none', 'node', 'python', 'java', 'git', 'npm', 'docker'] as const;

interface EnvFlags {
  readonly as: string;
  readonly shell: (typeof shells)[number];
  readonly runtime: (typeof runtimes)[number];
  readonly secretVariable: string;
}

/** Adds `exeat env`: the proxy variables for a shell. The secret stays in a variable of the caller's and is never printed. */
export function registerEnv(parent: Command, cli: Cli): void {
  parent
    .command('env')
    .description('print the proxy variables that make programs use this proxy')
    .requiredOption('--as <credential>', 'name of the proxy credential to connect with')
    .addOption(new Option('--shell <shell>', 'shell to print for').choices([...shells]).default('sh'))
    .addOption(
      new Option('--runtime <runtime>', 'adds what this runtime needs beside the variables')
        .choices([...runtimes])
        .default('none'),
    )
    .option('--secret-variable <name>', 'environment variable that holds the secret when the lines run', 'EXEAT_SECRET')
    .addHelpText(
      'after',
      '\nExamples:\n  export EXEAT_SECRET=…             # shown once by `exeat credential add`\n  eval "$(exeat env --as ci-runner)"\n  exeat env --as ci-runner --shell powershell\n',
    )
    .action((flags: EnvFlags) => cli.run(() => runEnv(cli, flags)));
}

function runEnv(cli: Cli, flags: EnvFlags): ExitCode {
  const config = cli.config();
  if (config === null) return exitCodes.error;
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(flags.as)) {
    return cli.fail({ message: `\`${flags.as}\` is not a credential name, see \`exeat credential list\`` });
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(flags.secretVariable)) {
    return cli.fail({
      message: `\`${flags.secretVariable}\` is not a variable name, write letters, digits and underscores`,
    });
  }
  const scheme = config.tls === null ? 'http' : 'https';
  const at = config.listen.proxy.text.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
  const syntax = shellSyntax[flags.shell];
  const url = `${scheme}://${flags.as}:${syntax.variable(flags.secretVariable)}@${at}`;
  const lines = [
    ...proxyVariables(url).map(([name, value]) => syntax.assign(name, value)),
    ...hints(flags, at).map((hint) => `# ${hint}`),
  ];
  cli.io.writeOut(`${lines.join('\n')}\n`);
  return exitCodes.ok;
}

// Both cases: curl reads only the lower-case http_proxy (CVE-2016-5385), Go and Java tools read the upper one.
function proxyVariables(url: string): readonly (readonly [string, string])[] {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
  const both = (name: string, value: string): [string, string][] => [
    [name, value],
    [name.toLowerCase(), value],
  ];
  return [
    ...names.flatMap((name) => both(name, url)),
    // Only this machine itself: everything else is judged, so nothing else may go around the proxy.
    ...both('NO_PROXY', 'localhost,127.0.0.1,::1'),
    // Node reads the variables only when asked to (since 24).
    ['NODE_USE_ENV_PROXY', '1'],
  ];
}

interface ShellSyntax {
  readonly variable: (name: string) => string;
  readonly assign: (name: string, value: string) => string;
}

const shellSyntax: Readonly<Record<(typeof shells)[number], ShellSyntax>> = {
  sh: { variable: (name) => `\${${name}}`, assign: (name, value) => `export ${name}="${value}"` },
  fish: { variable: (name) => `$${name}`, assign: (name, value) => `set -gx ${name} "${value}"` },
  powershell: {
    variable: (name) => `\${env:${name}}`,
    assign: (name, value) => `$env:${name} = "${value}"`,
  },
};

function hints(flags: EnvFlags, at: string): readonly string[] {
  const [host, port] = [at.slice(0, at.lastIndexOf(':')), at.slice(at.lastIndexOf(':') + 1)];
  const table: Readonly<Record<(typeof runtimes)[number], readonly string[]>> = {
    none: [],
    node: ['node 24 reads the variables above through NODE_USE_ENV_PROXY; older ones need undici EnvHttpProxyAgent'],
    python: ['requests, httpx and pip read the variables above; aiohttp needs trust_env=True'],
    java: [
      `java -Dhttps.proxyHost=${host} -Dhttps.proxyPort=${port} -Dhttp.proxyHost=${host} -Dhttp.proxyPort=${port}`,
    ],
    git: ['git reads the variables above; over ssh use ProxyCommand'],
    npm: ['npm reads the variables above; `npm config set` of a proxy would write the secret to a file'],
    docker: ['containers do not inherit the variables: pass each with --env NAME'],
  };
  return table[flags.runtime];
}
