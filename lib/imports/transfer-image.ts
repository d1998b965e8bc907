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
  /** Where a copy that needs more time than one run has goes on. */
  readonly streamQueue: Outbox<ImportMessage>;
}

/** The end of a run that has got nowhere: another one would not either. */
const outOfTime = ({ message }: Task, download: Download, seconds: number): FerryError =>
  new FerryError(
    'out-of-time',
    `Failed to copy ${download.name}: ${seconds} s, a whole run of the function, brought nothing that was not stored ` +
      `before (${message || 'nothing copied yet'}). The image needs a longer timeout of the stream function, or a ` +
      'source that has ranges or sends faster',
  );

/** An operator or a lifecycle rule has removed the upload: the next try begins a new one. */
const forgetUpload = async ({ tasks, relay }: TransferServices, { task, signal }: StepRun): Promise<void> => {
  const uploadId = (await tasks.get(task))?.uploadId;
  if (uploadId) await relay.abortUpload(objectKey(task), uploadId, { signal });
  await tasks.update(task, { uploadId: undefined });
};

/** Turns what a broken stream throws into a retryable error; forgets an upload that the store does not know. */
const explain = async (services: TransferServices, run: StepRun, download: Download, thrown: unknown) => {
  const { signal } = run;
  if (hasCode(thrown, 'upload-gone')) await forgetUpload(services, run);
  return signal.aborted ? signal.reason : connectionError({ operation: `copy ${download.name}` }, thrown);
};

/**
 * What becomes of a copy whose time has ended: it goes on in another run if this one has stored anything.
 * @throws FerryError `out-of-time` if not
 */
const handOver = async (
  { tasks }: TransferServices,
  { task, log }: StepRun,
  run: CopyRun,
): Promise<'goes on'> => {
  const stored = (await tasks.parts(task)).size;
  const current = (await tasks.get(task)) ?? task;
  const seconds = Math.round((Date.now() - run.startedMs) / 1000);
  if (stored <= run.storedBefore) throw outOfTime(current, run.download, seconds);
  log.info('copy goes on in another run', { parts: stored, seconds });
  return 'goes on';
};

interface CopyRun {
  readonly download: Download;
  readonly startedMs: number;
  /** Parts. */
  readonly storedBefore: number;
}

const transfer = async (services: TransferServices, run: StepRun): Promise<Transferred | 'goes on'> => {
  const { task, signal, log } = run;
  const startedMs = Date.now();
  const { download } = await services.openAccess(task, { signal });
  const source = await download.describe({ signal });
  const storedBefore = (await services.tasks.parts(task)).size;
  log.info('copying', { source: download.name, bytes: source.size, parts: storedBefore });
  if (source.size === 0) {
    await services.relay.putEmpty(objectKey(task), { signal });
    return { size: 0, digests: source.hash ? { [source.hash.algorithm]: source.hash.value } : {} };
  }
  try {
    return await copySource(services, run, { download, source });
  } catch (thrown) {
    const error = await explain(services, run, download, thrown);
    if (!hasCode(error, 'out-of-time')) throw error;
    return await handOver(services, run, { download, startedMs, storedBefore });
  }
};

/**
 * The step `stream-image`: the source's bytes into the relay bucket; then apply-metadata's turn. May run twice or die
 * anywhere: it goes on from the parts that are stored, as it does when its time ends; a finished transfer only hands
 * on. With activation `none` there is nothing to copy.
 * @throws FerryError see the codes' rules for which are tried again
 */
export const createTransferImage =
  (services: TransferServices): Step =>
  async (run) => {
    const { task, log } = run;
    const message = { imageId: task.imageId, taskId: task.id };
    const handOn = () => services.applyQueue.send(message);
    if (task.transferred || task.activation === 'none') return handOn;
    await services.tasks.update(task, { status: 'processing' });
    const transferred = await transfer(services, run);
    if (transferred === 'goes on') return () => services.streamQueue.send(message);
    const { size } = transferred;
    await services.tasks.update(task, {
      transferred,
      message: progressMessage(size, size),
      uploadId: undefined,
    });
    log.info('copied', { bytes: size });
    return handOn;
  };
