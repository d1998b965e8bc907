import type { Outbox } from '../aws/queue.ts';
import type { Download } from '../download/download.ts';
import { FerryError, hasCode } from '../errors.ts';
import { connectionError } from '../openstack/http.ts';
import type { OpenAccess } from './access.ts';
import { type CopyServices, copySource, progressMessage } from './copy-source.ts';
import type { ImportMessage } from './messages.ts';
import type { Step, StepRun } from './run-step.ts';
import { objectKey, type Task, type Transferred } from './task.ts';

export interface TransferServices extends CopyServices {
  readonly openAccess: OpenAccess;
  readonly applyQueue: Outbox<ImportMessage>;
}

const outOfTime = ({ message }: Task, download: Download): FerryError =>
  new FerryError(
    'out-of-time',
    `Failed to copy ${download.name}: the function's time ended (${message || 'nothing copied yet'}). ` +
      'The image needs a stream function with a longer timeout, or a source that sends faster',
  );

/** An operator or a lifecycle rule has removed the upload: the next try begins a new one. */
const forgetUpload = async ({ tasks, relay }: TransferServices, { task, signal }: StepRun): Promise<void> => {
  const uploadId = (await tasks.get(task))?.uploadId;
  if (uploadId) await relay.abortUpload(objectKey(task), uploadId, { signal });
  await tasks.update(task, { uploadId: undefined });
};

/** Turns what a broken stream throws into a retryable error; forgets an upload that the store does not know. */
const explain = async (services: TransferServices, run: StepRun, download: Download, thrown: unknown) => {
  const { tasks } = services;
  const { task, signal } = run;
  if (hasCode(thrown, 'upload-gone')) await forgetUpload(services, run);
  if (!signal.aborted) return connectionError({ operation: `copy ${download.name}` }, thrown);
  const current = (await tasks.get(task)) ?? task;
  return hasCode(signal.reason, 'out-of-time') ? outOfTime(current, download) : signal.reason;
};

const transfer = async (services: TransferServices, run: StepRun): Promise<Transferred> => {
  const { task, signal, log } = run;
  const { download } = await services.openAccess(task, { signal });
  const source = await download.describe({ signal });
  log.info('copying', { source: download.name, bytes: source.size });
  if (source.size === 0) {
    await services.relay.putEmpty(objectKey(task), { signal });
    return { size: 0, digests: source.hash ? { [source.hash.algorithm]: source.hash.value } : {} };
  }
  try {
    return await copySource(services, run, { download, source });
  } catch (error) {
    throw await explain(services, run, download, error);
  }
};

/**
 * The step `stream-image`: the source's bytes into the relay bucket, proven by size and hash; then apply-metadata's
 * turn. May run twice or die anywhere: parts that are stored are not sent again, a finished transfer only hands on.
 * @throws FerryError see the codes' rules for which are tried again
 */
export const createTransferImage =
  (services: TransferServices): Step =>
  async (run) => {
    const { task, log } = run;
    if (!task.transferred) {
      await services.tasks.update(task, { status: 'processing' });
      const transferred = await transfer(services, run);
      const message = progressMessage(transferred.size, transferred.size);
      await services.tasks.update(task, { transferred, message, uploadId: undefined });
      log.info('copied', { bytes: transferred.size });
    }
    return () => services.applyQueue.send({ imageId: task.imageId, taskId: task.id });
  };
