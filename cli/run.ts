import { CommanderError } from 'commander';
import { type ExitCode, exitCodes } from './call/exit-codes.ts';
import { type Io, WrongUse } from './call/io.ts';
import { reasonOf } from './call/reason-of.ts';
import { createProgram } from './program.ts';

/** Help and version are what was asked for; everything else that commander throws is wrong use, which it has told. */
const isAnswered = ({ exitCode }: CommanderError): boolean => exitCode === 0;

/**
 * The whole command.
 * @param args without Node and the program
 */
export const run = async (args: readonly string[], io: Io, version: string): Promise<ExitCode> => {
  const { command, exitCode } = createProgram(io, version);
  try {
    await command.parseAsync(args, { from: 'user' });
    return exitCode();
  } catch (error) {
    if (error instanceof CommanderError) return isAnswered(error) ? exitCodes.all : exitCodes.wrongUse;
    // Who has pressed Ctrl-C knows why.
    if (!io.signal.aborted) io.stderr.write(`glance-ferry: ${reasonOf(error)}\n`);
    return error instanceof WrongUse ? exitCodes.wrongUse : exitCodes.none;
  }
};
