import { Command } from 'commander';
import type { ExitCode } from './call/exit-codes.ts';
import type { Io } from './call/io.ts';
import { duration, names } from './call/options.ts';

// What the command takes. Each command's code is loaded when it is called, so that help and completion start at once.

/** A command is given what was asked for, and says with which code to exit. */
type Run<Options> = (io: Io, options: Options, args: readonly string[]) => Promise<ExitCode>;

/** Called by commander with the arguments, the options and the command. */
type Called = [...args: unknown[]];

const description = `Copies images between the regions of OpenStack clouds, and keeps them the same there.

Authentication is as of OpenStack's clients: an openrc's variables, or --os-cloud and a clouds.yaml.`;

const exits = `
Exit codes: 0 everywhere, 1 nowhere, 2 in some regions, 64 wrong use.`;

export interface Program {
  readonly command: Command;
  /** Of the command that was called. */
  exitCode(): ExitCode;
}

/** Of the commands that speak with clouds. */
const common = (command: Command): Command =>
  command
    .option('--os-cloud <name>', 'entry of clouds.yaml (OS_CLOUD)')
    .option('--url <url>', 'of the glance-ferry deployment (GLANCE_FERRY_URL; else from the catalog)')
    .option('--json', 'results as JSON');

const waiting = (command: Command): Command =>
  command.option('--timeout <time>', 'give up waiting after 90s, 30m, 2h; the imports go on', duration);

export const createProgram = (io: Io, version: string): Program => {
  let exitCode: ExitCode = 0;
  const program = new Command('glance-ferry')
    .description(description)
    .version(version)
    .addHelpText('after', exits)
    .showHelpAfterError('(glance-ferry COMMAND --help tells more)')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
    })
    .exitOverride();

  /** @param load the command's code, by its name */
  const running =
    <Options>(load: () => Promise<Run<Options>>) =>
    async (...called: Called): Promise<void> => {
      const command = called.at(-1) as Command;
      const run = await load();
      exitCode = await run(io, command.opts() as Options, command.args);
    };

  waiting(common(program.command('wait')))
    .description('waits for imports that were begun elsewhere')
    .argument('<image>', 'id, or name, of the copied image, or id of a copy')
    .requiredOption('--to <regions>', 'regions, as A,B', names)
    .option('--from <region>', 'where the image is (OS_REGION_NAME)')
    .action(running(async () => (await import('./commands/wait.ts')).wait));

  common(program.command('cancel'))
    .description('ends the imports of an image')
    .argument('<image>', 'id, or name, of the copied image, or id of a copy')
    .requiredOption('--to <regions>', 'regions, as A,B', names)
    .option('--from <region>', 'where the image is (OS_REGION_NAME)')
    .action(running(async () => (await import('./commands/cancel.ts')).cancel));

  common(program.command('tasks'))
    .description('lists the imports of an image')
    .argument('<image>', 'id, or name, of the copied image, or id of a copy')
    .requiredOption('--to <regions>', 'regions, as A,B', names)
    .option('--from <region>', 'where the image is (OS_REGION_NAME)')
    .action(running(async () => (await import('./commands/tasks.ts')).tasks));

  program
    .command('completion')
    .description('prints a script that completes this command: source <(glance-ferry completion bash)')
    .argument('<shell>', 'bash or zsh')
    .action(
      running(async () => {
        const { completion } = await import('./commands/completion.ts');
        return (out: Io, _: object, args: readonly string[]) => completion(out, program, args);
      }),
    );

  return { command: program, exitCode: () => exitCode };
};
