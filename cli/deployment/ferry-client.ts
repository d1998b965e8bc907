import { regionUrl } from '../../lib/api/address.ts';
import type { CloudRegion, Session } from '../../lib/clouds/cloud.ts';
import { titleOf } from '../../lib/clouds/trust-cloud.ts';
import { asFerryError, FerryError, hasCode } from '../../lib/errors.ts';
import type { Credentials } from '../../lib/openstack/credentials.ts';
import { createImageCalls, imagePath } from '../../lib/openstack/glance/image-calls.ts';
import type { OpenStackHttp } from '../../lib/openstack/http.ts';
import type { ImageId, TaskId, Token } from '../../lib/schemas/ids.ts';
import { isGlanceTasks } from '../../lib/schemas/validators.js';
import type { TaskStatus } from '../../lib/state/task.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** An import, as the deployment's task list shows it. */
export interface FerryTask {
  readonly taskId: TaskId;
  readonly status: TaskStatus;
  readonly message: string;
  /** In Glance's form. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A deployment, as far as it serves one region, with the caller's rights there. Each throws FerryError by the answer. */
export interface FerryRegion {
  /** Before anything is made there. @throws FerryError `bad-request` for a region that the deployment does not serve */
  requireServed(options: Options): Promise<void>;
  /** Asks for an import into a record without data. @throws FerryError `conflict` where another one has it */
  importImage(
    imageId: ImageId,
    source: { readonly region: string; readonly imageId: ImageId; readonly token?: Token },
    options: Options,
  ): Promise<void>;
  /** Oldest first. @throws FerryError `not-found` for an image that is not there */
  tasks(imageId: ImageId, options: Options): Promise<readonly FerryTask[]>;
  /** @returns whether one was running */
  cancel(imageId: ImageId, options: Options): Promise<boolean>;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const isStatus = (text: string): text is TaskStatus =>
  ['pending', 'processing', 'success', 'failure'].includes(text);

const taskOf = (shown: Readonly<Record<string, unknown>>): FerryTask => {
  const status = textOf(shown['status']);
  return {
    taskId: textOf(shown['id']) as TaskId,
    status: isStatus(status) ? status : 'processing',
    message: textOf(shown['message']),
    createdAt: textOf(shown['created_at']),
    updatedAt: textOf(shown['updated_at']),
  };
};

/** Our functions take requests of their own name for their own (api/http-handler.ts). */
export const commandHeaders = { 'user-agent': 'glance-ferry-command' } as const;

/** With the other cloud's token beside. */
const asCommand = (credentials: Credentials, sourceToken?: Token): Credentials => ({
  headers: async (options) => ({
    ...(await credentials.headers(options)),
    ...commandHeaders,
    ...(sourceToken !== undefined && { 'x-source-auth-token': sourceToken }),
  }),
  replace: (headers) => credentials.replace(headers),
});

/** A deployment validates tokens with its own Keystone, or with that of another cloud that it serves a region of. */
const explained =
  (url: string, region: string, { cloud }: Pick<Session, 'cloud'>) =>
  (error: unknown): never => {
    if (!hasCode(error, 'unauthorized')) throw error;
    const reason = `${url} does not accept a token of ${titleOf(cloud)} for region ${region}: it looks at it with another Keystone`;
    throw new FerryError('unauthorized', reason, { cause: error });
  };

/** @param url of the deployment */
export const createFerryRegion = (
  url: string,
  { region, session }: Pick<CloudRegion, 'region' | 'session'>,
  http: Pick<OpenStackHttp, 'small'>,
): FerryRegion => {
  const endpoint = regionUrl(url, region);
  const calls = createImageCalls(endpoint, asCommand(session.credentials), http);
  const orExplained = explained(url, region, session);

  const importImage: FerryRegion['importImage'] = async (imageId, source, options) => {
    const asking = createImageCalls(endpoint, asCommand(session.credentials, source.token), http);
    const method = { name: 'glance-download', glance_region: source.region, glance_image_id: source.imageId };
    const operation = `import image ${source.imageId} into image ${imageId} by ${endpoint}`;
    const path = imagePath(imageId, '/import');
    await asking.whole({ ...options, method: 'POST', path, json: { method }, operation }).catch(orExplained);
  };

  const tasks: FerryRegion['tasks'] = async (imageId, options) => {
    const operation = `list imports of image ${imageId} by ${endpoint}`;
    const call = { ...options, method: 'GET', path: imagePath(imageId, '/tasks'), operation } as const;
    const { tasks: shown } = await calls.json(call, isGlanceTasks).catch(orExplained);
    return shown.map(taskOf);
  };

  const cancel: FerryRegion['cancel'] = async (imageId, options) => {
    const operation = `cancel the import of image ${imageId} by ${endpoint}`;
    const call = { ...options, method: 'DELETE', path: imagePath(imageId, '/tasks'), operation } as const;
    try {
      await calls.whole(call);
      return true;
    } catch (error) {
      if (hasCode(error, 'not-found', 'conflict')) return false;
      return orExplained(error);
    }
  };

  /** Not by the list of regions, which is for tokens of the deployment's own Keystone. */
  const requireServed: FerryRegion['requireServed'] = async (options) => {
    const operation = `ask ${url} whether it serves region ${region}`;
    const call = { ...options, method: 'GET', path: '/info/import', operation } as const;
    await calls.whole(call).catch((error: unknown) => {
      if (!hasCode(error, 'not-found')) return orExplained(error);
      throw new FerryError('bad-request', asFerryError(error).explanation, { cause: error });
    });
  };

  return { requireServed, importImage, tasks, cancel };
};
