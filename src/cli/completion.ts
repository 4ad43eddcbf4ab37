import { Argument, type Command, type Option } from 'commander';
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
        cli.io.writeOut(scripts[shell](readGrammar(parent)));
        return exitCodes.ok;
      }),
    );
}

/** What may follow: words by the path of commands (`''` has the commands), and the values of options that take one. */
interface Grammar {
  readonly words: ReadonlyMap<string, readonly string[]>;
  /** `-o` and `--output` -> formats; an empty list is a free text or a file. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

function readGrammar(program: Command): Grammar {
  const words = new Map<string, readonly string[]>();
  const values = new Map<string, readonly string[]>();
  const globals = program.options.map((option) => option.long ?? '');
  const visit = (command: Command, path: string): void => {
    const options = command.options.map((option) => option.long ?? '');
    const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
    const names = [...command.commands.map((one) => one.name()), ...choices];
    words.set(path, [...names, ...new Set([...options, ...globals, '--help'])]);
    for (const option of command.options.filter(isTakingValue)) addValues(values, option);
    for (const one of command.commands) visit(one, `${path} ${one.name()}`.trim());
  };
  visit(program, '');
  return { words, values };
}

function isTakingValue(option: Option): boolean {
  return option.required || option.optional;
}

function addValues(values: Map<string, readonly string[]>, option: Option): void {
  for (const flag of [option.short, option.long]) if (flag !== undefined) values.set(flag, option.argChoices ?? []);
}

const scripts: Readonly<Record<'bash' | 'zsh' | 'fish', (grammar: Grammar) => string>> = {
  bash: (grammar) => bashScript(grammar),
  zsh: (grammar) => `autoload -U +X bashcompinit && bashcompinit\n${bashScript(grammar)}`,
  fish: ({ words }) =>
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

// The word after an option that takes a value is that value: it is completed by its choices, and is no part of the path.
function bashScript({ words, values }: Grammar): string {
  const wordCases = [...words].map(([path, list]) => `    '${path}') words='${list.join(' ')}' ;;\n`).join('');
  const valueCases = [...values].map(([flag, list]) => `    '${flag}') words='${list.join(' ')}' ;;\n`).join('');
  return [
    '_exeat() {\n',
    '  local path="" word words="" option=""\n',
    '  for word in "$' + '{COMP_WORDS[@]:1:COMP_CWORD-1}"; do\n',
    '    if [ -n "$option" ]; then option=""; continue; fi\n',
    '    case "$word" in\n',
    `      ${[...values.keys()].join('|')}) option="$word" ;;\n`,
    '      -*) ;;\n',
    '      *) path="$' + '{path:+$path }$word" ;;\n',
    '    esac\n',
    '  done\n',
    '  if [ -n "$option" ]; then case "$option" in\n',
    valueCases,
    '  esac; else case "$path" in\n',
    wordCases,
    '  esac; fi\n',
    '  COMPREPLY=($(compgen -W "$words" -- "$' + '{COMP_WORDS[COMP_CWORD]}"))\n',
    '}\n',
    'complete -o default -F _exeat exeat\n',
  ].join('');
}
