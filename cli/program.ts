import { Command, Option } from 'commander';
import type { ExitCode } from './call/exit-codes.ts';
import type { Io } from './call/io.ts';
import { duration, names, property } from './call/options.ts';

// What the command takes. Each command's code is loaded when it is called, so that help and completion start at once.

/** A command is given what was asked for, and says with which code to exit. */
type Run<Options> = (io: Io, options: Options, args: readonly string[]) => Promise<ExitCode>;

/** Called by commander with the arguments, the options and the command. */
type Called = [...args: unknown[]];

const description = `Copies images between the regions of OpenStack clouds, and keeps them the same there.

Authentication is as of OpenStack's clients: an openrc's variables, or --os-cloud and a clouds.yaml.`;

const exits = `
Exit codes: 0 everywhere, 1 nowhere, 2 in some regions, 64 wrong use.`;

const visibilities = ['source', 'private', 'shared', 'community', 'public'];

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

/** Of the commands that bring copies to what they are to be. */
const wanting = (command: Command): Command =>
  command
    .addOption(new Option('--id <which>', 'gives the copies the id of the image').choices(['same']))
    .option('--name <name>', 'of the copies; else the name of the image')
    .addOption(new Option('--visibility <which>', 'of the copies').choices(visibilities))
    .option('--property <name=value>', 'set on the copies; may be given again', property)
    .option('--retire-older', 'hides older copies of the same name');

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

  wanting(waiting(common(program.command('copy'))))
    .description('copies an image to other regions, and waits until it is active there')
    .argument('<image>', 'id, or a name that only one image has')
    .requiredOption('--to <regions>', 'regions, as A,B', names)
    .option('--from <region>', 'where the image is (OS_REGION_NAME)')
    .option('--no-wait', 'only begins the imports')
    .action(running(async () => (await import('./commands/copy.ts')).copy));

  wanting(waiting(common(program.command('wait'))))
    .description('waits for imports that were begun before, and ends where copy would have ended')
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

  common(program.command('status'))
    .description('which images of a policy are where, and what is to be done')
    .argument('[policy]', 'file, or name in the folder of policies (POLICIES_DIR); else all there')
    .action(running(async () => (await import('./commands/status.ts')).status));

  waiting(common(program.command('sync')))
    .description('brings regions to what a policy says')
    .argument('<policy>', 'file, or name in the folder of policies (POLICIES_DIR)')
    .option('--dry-run', 'only shows what would be done')
    .addOption(new Option('--plan <file>', 'only keeps what would be done').conflicts('apply'))
    .addOption(
      new Option('--apply <file>', 'does what was kept, unless the world has changed').conflicts('dryRun'),
    )
    .action(running(async () => (await import('./commands/sync.ts')).sync));

  common(program.command('publish'))
    .description('sends the event that has an image replicated by the deployment')
    .argument('<image>', 'id, or a name that only one image has')
    .option('--to <regions>', 'regions, as A,B', names)
    .option('--policy <name>', 'of the deployment; * for each that selects the image')
    .option('--from <region>', 'where the image is (OS_REGION_NAME)')
    .option('--event-bus <name>', "EventBridge's (EVENT_BUS_NAME; else the default one)")
    .option('--queue-url <url>', 'straight into the queue of replicate-image')
    .action(running(async () => (await import('./commands/publish.ts')).publish));

  common(program.command('doctor'))
    .description('checks what copying needs, and says what to do')
    .argument('[regions...]', 'regions; else all')
    .action(running(async () => (await import('./commands/doctor.ts')).doctor));

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
