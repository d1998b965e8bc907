import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installCommand, packCommand } from '../cloud/packed-command.ts';
import { account, setting } from './account.ts';

/** What a call has said, and its exit code. */
export interface Called {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON: of each region what has come of it, of a plan its changes. */
  json(): Readonly<Record<string, unknown>>;
}

type Env = Readonly<Record<string, string>>;

/** An openrc's variables. @param prefix of the account's variables */
export const openrcOf = (prefix: string, region: string): Env => {
  const { userName, password, projectName } = account(prefix);
  return {
    ...{ OS_AUTH_URL: setting('OS_AUTH_URL'), OS_IDENTITY_API_VERSION: '3', OS_REGION_NAME: region },
    ...{ OS_USERNAME: userName, OS_PASSWORD: password, OS_PROJECT_NAME: projectName },
    ...{ OS_USER_DOMAIN_ID: 'default', OS_PROJECT_DOMAIN_ID: 'default' },
  };
};

/** The command as `npm pack` of this clone makes it, installed in a folder that has nothing else. */
export const installPackedCommand = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-command-'));
  const program = await installCommand((await packCommand(dir)).tarball, join(dir, 'empty'));
  return {
    /** Runs it until it ends. */
    call: (args: readonly string[], env: Env): Promise<Called> =>
      new Promise((resolve) => {
        const options = {
          cwd: join(dir, 'empty'),
          env: { PATH: process.env['PATH'], HOME: dir, NO_PROXY: '*', ...env },
        };
        execFile(program, args, options, (error, stdout, stderr) => {
          const code = error?.code ?? (error ? 'killed' : 0);
          resolve({ code, stdout, stderr, json: () => JSON.parse(stdout) });
        });
      }),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
};

export type PackedCommand = Awaited<ReturnType<typeof installPackedCommand>>;
