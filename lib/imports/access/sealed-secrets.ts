import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { FerryError } from '../../errors.ts';
import type { Token } from '../../schemas/ids.ts';
import type { Task, TaskSource } from '../../state/task.ts';
import type { SealingKey, SealingKeys } from './sealing-keys.ts';

/** What only the steps of one import may know. */
export interface Secrets {
  /** The caller's; undefined where the task names clouds of the deployment. */
  readonly token?: Token;
  /** The caller's in the source's cloud, where that is another one. */
  readonly sourceToken?: Token;
  /** Of a web-download: presigned URLs are credentials. */
  readonly uri?: string;
}

/** What decides whose bytes go where, and the token, and what is done with them. None of it changes while an import runs. */
export type SealedFor = Pick<
  Task,
  | 'region'
  | 'imageId'
  | 'taskId'
  | 'owner'
  | 'targetEndpoint'
  | 'activation'
  | 'source'
  | 'roles'
  | 'cloud'
  | 'isOfOtherCloud'
>;

/**
 * Seals the caller's token for its way through the table. It is never in a queue, a log or an error. A task that names
 * clouds of the deployment is sealed as well, without a secret: whoever may write the table may not use their rights.
 */
export interface Sealer {
  seal(task: SealedFor, secrets: Secrets): Promise<string>;
  /** @throws FerryError `unauthorized` when it was sealed by an unknown key, or for a task that was another one */
  open(task: SealedFor, sealed: string): Promise<Secrets>;
}

const algorithm = 'aes-256-gcm';
const nonceLength = 12; // bytes, NIST SP 800-38D 8.2.1
const tagLength = 16; // bytes
/** Without it, a tag that was cut short would be taken, too. */
const options = { authTagLength: tagLength };

/** In an order of our own: the table keeps none. */
const sourceFields = (source: TaskSource): readonly unknown[] =>
  source.kind === 'web-download'
    ? [source.kind]
    : [source.kind, source.region, source.interface, source.imageId, source.endpoint ?? null];

/** None of an import that goes with its caller's one token. */
const cloudFields = ({ cloud, source, isOfOtherCloud }: SealedFor): readonly unknown[] => {
  const ofSource = source.kind === 'web-download' ? [] : [source.cloud, source.projectId];
  const fields = [cloud, ...ofSource, ...(isOfOtherCloud ? [isOfOtherCloud] : [])];
  return fields.some((one) => one !== undefined) ? [fields.map((one) => one ?? null)] : [];
};

/** Associated data: whoever changes the task in the table, so that its token would go elsewhere, can have nothing opened. */
const boundTo = (task: SealedFor): Buffer => {
  const { region, imageId, taskId, owner, targetEndpoint, activation, source, roles } = task;
  const target = [region, imageId, taskId, owner, targetEndpoint];
  const fields = [...target, activation, sourceFields(source), roles, ...cloudFields(task)];
  return Buffer.from(JSON.stringify(fields));
};

const encrypt = ({ key }: SealingKey, task: SealedFor, text: string): Buffer => {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv(algorithm, key, nonce, options).setAAD(boundTo(task));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
};

/** @throws Error when anything is not as it was */
const decrypt = ({ key }: SealingKey, task: SealedFor, sealed: Buffer): string => {
  const tagEnd = nonceLength + tagLength;
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceLength), options)
    .setAAD(boundTo(task))
    .setAuthTag(sealed.subarray(nonceLength, tagEnd));
  return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()]).toString('utf8');
};

/** Sealed texts are `<key id>.<base64 of nonce, tag and text>`. */
export const createSealer = (keys: SealingKeys): Sealer => {
  const keyNamed = async (id: string): Promise<SealingKey | undefined> => {
    const named = (key: SealingKey) => key.id === id;
    // Another function may have met a new secret before this one.
    return (await keys()).find(named) ?? (await keys({ fresh: true })).find(named);
  };

  return {
    seal: async (task, secrets) => {
      const [current] = await keys();
      if (!current) throw new FerryError('misconfigured', 'There is no key to seal with');
      return `${current.id}.${encrypt(current, task, JSON.stringify(secrets)).toString('base64')}`;
    },
    open: async (task, sealed) => {
      const [id = '', text = ''] = sealed.split('.');
      const key = await keyNamed(id);
      const refused = `The sealed token of task ${task.taskId} cannot be opened`;
      if (!key) throw new FerryError('unauthorized', `${refused}: its key is not known (any more)`);
      try {
        return JSON.parse(decrypt(key, task, Buffer.from(text, 'base64'))) as Secrets;
      } catch (cause) {
        throw new FerryError('unauthorized', refused, { cause });
      }
    },
  };
};
