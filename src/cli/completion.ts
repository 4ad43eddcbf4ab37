import { Argument, type Command } from 'commander';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';

/** Adds `exeat completion`: a script for a shell, made from the commands themselves. */
export function registerCompletion(parent: Command, cli: Cli): void {
  parent
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'shell to print for').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(exeat completion bash)\n  exeat completion fish > ~/.config/fish/completions/exeat.fish\n',
    )
    .action((shell: 'bash' | 'zsh' | 'fish') =>
      cli.run(() => {
        cli.io.writeOut(scripts[shell](wordsByPath(parent)));
        return exitCodes.ok;
      }),
    );
}

/** What may follow a path of commands: `''` has the commands, `policy check` the options of that one. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsByPath(program: Command): Words {
  const words = new Map<string, readonly string[]>();
  const globals = program.options.map((option) => option.long ?? '');
  const visit = (command: Command, path: string): void => {
    const options = command.options.map((option) => option.long ?? '');
    words.set(path, [...command.commands.map((one) => one.name()), ...new Set([...options, ...globals, '--help'])]);
    for (const one of command.commands) visit(one, `${path} ${one.name()}`.trim());
  };
  visit(program, '');
  return words;
}

const scripts: Readonly<Record<'bash' | 'zsh' | 'fish', (words: Words) => string>> = {
  bash: (words) => bashScript(words),
  zsh: (words) => `autoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`,
  fish: (words) =>
    [...words]
      .map(([path, list]) => {
        const seen = path.split(' ').filter((part) => part !== '');
        const when =
          seen.length === 0
            ? '__fish_use_subcommand'
            : seen.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
        return `complete -c exeat -f -n '${when}' -a '${list.join(' ')}'\n`;
      })
      .join(''),
};

function bashScript(words: Words): string {
  const cases = [...words].map(([path, list]) => `    '${path}') words='${list.join(' ')}' ;;\n`).join('');
  return [
    '_exeat() {\n',
    '  local path="" word words=""\n',
    '  for word in "$' + '{COMP_WORDS[@]:1:COMP_CWORD-1}"; do\n',
    '    case "$word" in -*) ;; *) path="$' + '{path:+$path }$word" ;; esac\n',
    '  done\n',
    '  case "$path" in\n',
    cases,
    '  esac\n',
    '  COMPREPLY=($(compgen -W "$words" -- "$' + '{COMP_WORDS[COMP_CWORD]}"))\n',
    '}\n',
    'complete -o default -F _exeat exeat\n',
  ].join('');
}
