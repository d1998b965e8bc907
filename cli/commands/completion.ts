import type { Command } from 'commander';
import { type ExitCode, exitCodes } from '../call/exit-codes.ts';
import { type Io, WrongUse } from '../call/io.ts';

interface Words {
  readonly name: string;
  readonly options: readonly string[];
}

const optionsOf = (command: Command): readonly string[] =>
  [...command.options.flatMap(({ long }) => long ?? []), '--help'].sort();

const wordsOf = (program: Command): readonly Words[] =>
  program.commands.map((command) => ({ name: command.name(), options: optionsOf(command) }));

/** Regions and images are not asked for: a completion must not wait for a cloud. */
const bash = (commands: readonly Words[]): string => `_glance_ferry() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${commands.map(({ name }) => name).join(' ')} --help --version'
  else
    case $command in
${commands.map(({ name, options }) => `      ${name}) words='${options.join(' ')}' ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _glance_ferry glance-ferry
`;

/** zsh runs bash's, by its own emulation. */
const zsh = (commands: readonly Words[]): string => `#compdef glance-ferry
autoload -U +X bashcompinit && bashcompinit
${bash(commands)}`;

const shells: Readonly<Record<string, (commands: readonly Words[]) => string>> = { bash, zsh };

/** Prints a script for a shell, made of the commands and options that there are. */
export const completion = async (
  { stdout }: Io,
  program: Command,
  [shell = '']: readonly string[],
): Promise<ExitCode> => {
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (!script) throw new WrongUse(`There is no completion for ${shell}: bash and zsh have one`);
  stdout.write(script(wordsOf(program)));
  return exitCodes.all;
};
