import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { FerryError } from '../errors.ts';
import type { TaskId, Token } from '../schemas/ids.ts';

/** What only the steps of one import may know. */
export interface Secrets {
  readonly token: Token;
  /** Of a web-download: presigned URLs are credentials. */
  readonly uri?: string;
}

/** Seals the caller's token for its way through the table. It is never in a queue, a log or an error. */
export interface Sealer {
  seal(taskId: TaskId, secrets: Secrets): string;
  /** @throws FerryError `unauthorized` when it was sealed by another key or for another task */
  open(taskId: TaskId, sealed: string): Secrets;
}

const algorithm = 'aes-256-gcm';
const nonceLength = 12; // bytes, NIST SP 800-38D 8.2.1
const tagLength = 16; // bytes
/** Without it, a tag that was cut short would be taken, too. */
const options = { authTagLength: tagLength };

/** @param secret at least 32 characters, from the environment (Secrets Manager on AWS); the key is derived by HKDF */
export const createSealer = (secret: string): Sealer => {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'glance-ferry sealed secrets v1', 32));

  return {
    seal: (taskId, secrets) => {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv(algorithm, key, nonce, options).setAAD(Buffer.from(taskId));
      const text = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
    },
    open: (taskId, sealed) => {
      try {
        const bytes = Buffer.from(sealed, 'base64');
        const tagEnd = nonceLength + tagLength;
        const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceLength), options)
          .setAAD(Buffer.from(taskId))
          .setAuthTag(bytes.subarray(nonceLength, tagEnd));
        const text = Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString(
          'utf8',
        );
        return JSON.parse(text) as Secrets;
      } catch (cause) {
        throw new FerryError('unauthorized', `The sealed token of task ${taskId} cannot be opened`, {
          cause,
        });
      }
    },
  };
};
