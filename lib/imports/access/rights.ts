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

export interface RightsOptions {
  readonly signal: AbortSignal;
  /**
   * Where the service user is refused the caller's token alone will do: for what is short. Without this nothing is begun
   * then, since the caller's token may end on the way.
   */
  readonly mayLackServiceUser?: boolean;
}

/**
 * With what the two ends of an import are asked. Those of the target are there; whether there are any at the source shows
 * when it is asked, so that who needs the target alone does not miss them.
 */
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

/** Those of a session that is opened by the first request. */
const whenAsked = (open: () => Promise<Credentials>): Credentials => {
  let opened: Credentials | undefined;
  return {
    headers: async (options) => {
      opened ??= await open();
      return await opened.headers(options);
    },
    replace: (headers) => opened?.replace(headers) ?? false,
  };
};

/**
 * Whose rights a task has: those of its caller, whose tokens were sealed; or those of clouds of the deployment.
 * @throws FerryError `unauthorized` where there are none at the target any more; those at the source throw it when asked
 */
export const createRights = ({ keystone, clouds }: RightsServices) => {
  const sessionOf = async (name: string): Promise<Credentials> =>
    ofSession(await clouds.session(name).catch(asRefusal));

  const ofClouds = async ({ source }: Task, cloud: string): Promise<Rights> => {
    const of = source.kind === 'web-download' ? cloud : (source.cloud ?? cloud);
    return { target: await sessionOf(cloud), source: whenAsked(() => sessionOf(of)) };
  };

  const withService = async (
    token: Token,
    { signal, mayLackServiceUser }: RightsOptions,
  ): Promise<Credentials> => {
    try {
      await keystone.serviceToken({ signal });
      return withServiceToken(token, keystone);
    } catch (error) {
      if (mayLackServiceUser && hasCode(error, 'misconfigured')) return callersToken(token);
      throw error;
    }
  };

  return async (task: Task, { token, sourceToken }: Secrets, options: RightsOptions): Promise<Rights> => {
    if (task.cloud !== undefined) return await ofClouds(task, task.cloud);
    if (token === undefined) throw new FerryError('unauthorized', `Task ${task.taskId} has no token`);
    // The service user is known in our own cloud alone.
    const target = task.isOfOtherCloud ? callersToken(token) : await withService(token, options);
    return { target, source: sourceToken === undefined ? target : callersToken(sourceToken) };
  };
};
