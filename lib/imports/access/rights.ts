import type { Clouds, Session } from '../../clouds/cloud.ts';
import { FerryError, hasCode } from '../../errors.ts';
import { type Credentials, callersToken, withServiceToken } from '../../openstack/credentials.ts';
import type { Keystone } from '../../openstack/keystone.ts';
import type { Token } from '../../schemas/ids.ts';
import type { Task } from '../../state/task.ts';
import type { Secrets } from './sealed-secrets.ts';

export interface RightsServices {
  readonly keystone: Pick<Keystone, 'serviceToken' | 'dropServiceToken'>;
  readonly clouds: Pick<Clouds, 'session'>;
}

interface Options {
  readonly signal: AbortSignal;
}

/** With what the two ends of an import are asked. */
export interface Rights {
  readonly target: Credentials;
  readonly source: Credentials;
}

/** An entry that is no more, or was written down wrongly: the rights of those are gone that need it, and of no others. */
const asRefusal = (error: unknown): never => {
  if (!hasCode(error, 'misconfigured')) throw error;
  throw new FerryError('unauthorized', (error as FerryError).message, { cause: error });
};

const ofSession = ({ credentials }: Session): Credentials => ({
  ...credentials,
  headers: (options) => credentials.headers(options).catch(asRefusal),
});

/**
 * Whose rights a task has: those of its caller, whose tokens were sealed; or those of clouds of the deployment.
 * @throws FerryError `unauthorized` where there are none any more
 */
export const createRights = ({ keystone, clouds }: RightsServices) => {
  const sessionOf = async (name: string): Promise<Credentials> =>
    ofSession(await clouds.session(name).catch(asRefusal));

  const ofClouds = async ({ source }: Task, cloud: string): Promise<Rights> => {
    const of = source.kind === 'web-download' ? cloud : (source.cloud ?? cloud);
    return { target: await sessionOf(cloud), source: await sessionOf(of) };
  };

  /** A step that would get no service token is better not begun. */
  const withService = async (token: Token, options: Options): Promise<Credentials> => {
    await keystone.serviceToken(options);
    return withServiceToken(token, keystone);
  };

  return async (task: Task, { token, sourceToken }: Secrets, options: Options): Promise<Rights> => {
    if (task.cloud !== undefined) return await ofClouds(task, task.cloud);
    if (token === undefined) throw new FerryError('unauthorized', `Task ${task.taskId} has no token`);
    // The service user is known in our own cloud alone.
    const target = task.isOfOtherCloud ? callersToken(token) : await withService(token, options);
    return { target, source: sourceToken === undefined ? target : callersToken(sourceToken) };
  };
};
