import type { Outbox } from '../aws/queue.ts';
import type { RelayStore } from '../aws/relay-store.ts';
import type { Download, SourceDescription } from '../download/download.ts';
import { FerryError, hasCode } from '../errors.ts';
import { log } from '../log.ts';
import { connectionError } from '../openstack/http.ts';
import { type Copied, copyStream } from '../transfer/copy.ts';
import { isKnownAlgorithm } from '../transfer/digest.ts';
import { MiB, type PartLimits, type PartPlan, planParts } from '../transfer/part-plan.ts';
import type { OpenAccess } from './access.ts';
import type { ImportMessage } from './messages.ts';
import type { Step, StepRun } from './run-step.ts';
import { objectKey, type Task, type Transferred } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface TransferServices {
  readonly tasks: Tasks;
  readonly relay: RelayStore;
  readonly openAccess: OpenAccess;
  readonly applyQueue: Outbox<ImportMessage>;
  readonly partLimits: PartLimits;
  readonly partsInFlight: number;
  /** Bytes; Glance's image_size_cap. */
  readonly imageSizeCap: number;
}

/** Glance's default `hashing_algorithm`: what the target will most likely be compared by. */
const targetAlgorithm = 'sha512';

const inMiB = (bytes: number): string => `${Math.floor(bytes / MiB)} MiB`;
const progress = (copied: number, size: number | undefined): string =>
  size === undefined ? `Copied ${inMiB(copied)}` : `Copied ${inMiB(copied)} of ${inMiB(size)}`;

/** Progress for the task list: one write at a time, so that it never runs backwards. */
const createProgress = (tasks: Tasks, task: Task, size: number | undefined) => {
  let writing = false;
  return async (copiedBytes: number): Promise<void> => {
    if (writing) return;
    writing = true;
    await tasks.update(task, { message: progress(copiedBytes, size) }).finally(() => {
      writing = false;
    });
  };
};

const planFor = (size: number | undefined, { partLimits, imageSizeCap }: TransferServices): PartPlan => {
  try {
    if ((size ?? 0) <= imageSizeCap) return planParts(size, partLimits);
  } catch (cause) {
    throw new FerryError('limit-exceeded', `The image is too large for the relay store: ${size} bytes`, {
      cause,
    });
  }
  throw new FerryError(
    'limit-exceeded',
    `The image's ${size} bytes exceed image_size_cap, ${imageSizeCap} bytes`,
  );
};

const mismatch = (download: Download, reason: string): FerryError =>
  new FerryError('data-mismatch', `Failed to copy ${download.name}: ${reason}`);

/** Size and digest against the source's record; without a digest, the record must not have changed meanwhile. */
const verify = async (download: Download, source: SourceDescription, copied: Copied, { signal }: StepRun) => {
  const { size, hash } = source;
  if (size !== undefined && copied.size !== size)
    throw mismatch(download, `got ${copied.size} bytes instead of ${size}`);
  const digest = hash && copied.digests[hash.algorithm];
  if (hash && digest && digest !== hash.value) {
    throw mismatch(
      download,
      `the bytes have ${hash.algorithm} ${digest}, the source's record says ${hash.value}`,
    );
  }
  if (!digest && (await download.describe({ signal })).identity !== source.identity) {
    throw mismatch(download, 'the source changed while it was copied');
  }
};

/** Uploads of an earlier try are gone when their lifecycle rule or an operator has removed them. */
const currentUpload = async (
  { tasks, relay }: TransferServices,
  { task, signal }: StepRun,
): Promise<string> => {
  if (task.uploadId) return task.uploadId;
  await tasks.forgetParts(task);
  const uploadId = await relay.createUpload(objectKey(task), { signal });
  await tasks.update(task, { uploadId });
  return uploadId;
};

const copyInParts = async (
  services: TransferServices,
  run: StepRun,
  download: Download,
  source: SourceDescription,
) => {
  const { tasks, relay } = services;
  const { task, signal } = run;
  const opened = await download.open({ signal });
  const size = source.size ?? opened.length;
  const { partSize, capacity } = planFor(size, services);
  const most = Math.min(size ?? capacity, services.imageSizeCap);
  const uploadId = await currentUpload(services, run);
  const key = objectKey(task);
  const known = source.hash && isKnownAlgorithm(source.hash.algorithm) ? [source.hash.algorithm] : [];

  const report = createProgress(tasks, task, size);

  const copied = await copyStream({
    source: opened.stream,
    partSize,
    inFlight: services.partsInFlight,
    algorithms: [...known, targetAlgorithm],
    stored: await tasks.parts(task),
    send: (part) => relay.uploadPart({ key, uploadId, ...part }, { signal }),
    checkpoint: async (part, copiedBytes) => {
      await tasks.savePart(task, part);
      await report(copiedBytes);
    },
    inspect: (read) => {
      if (read > most) throw mismatch(download, `more than ${most} bytes came`);
    },
    signal,
  });
  await verify(download, source, copied, run);
  await relay.completeUpload({ key, uploadId, size: copied.size, parts: copied.parts }, { signal });
  return { size: copied.size, digests: copied.digests };
};

const outOfTime = (task: Task, download: Download): FerryError =>
  new FerryError(
    'out-of-time',
    `Failed to copy ${download.name}: the function's time ended (${task.message || 'nothing copied yet'}); ` +
      "raise the stream function's timeout, or copy where there is no such limit",
  );

/** Turns what a broken stream throws into a retryable error; forgets an upload that the store does not know. */
const explain = async ({ tasks }: TransferServices, run: StepRun, download: Download, thrown: unknown) => {
  const { task, signal } = run;
  if (hasCode(thrown, 'upload-gone')) await tasks.update(task, { uploadId: undefined });
  if (!signal.aborted) return connectionError({ operation: `copy ${download.name}` }, thrown);
  const current = (await tasks.get(task)) ?? task;
  return hasCode(signal.reason, 'out-of-time') ? outOfTime(current, download) : signal.reason;
};

const transfer = async (services: TransferServices, run: StepRun): Promise<Transferred> => {
  const { task, signal } = run;
  const { download } = await services.openAccess(task, { signal });
  const source = await download.describe({ signal });
  log.info('copying', {
    task_id: task.id,
    image_id: task.imageId,
    source: download.name,
    bytes: source.size,
  });
  if (source.size === 0) {
    await services.relay.putEmpty(objectKey(task), { signal });
    return { size: 0, digests: source.hash ? { [source.hash.algorithm]: source.hash.value } : {} };
  }
  try {
    return await copyInParts(services, run, download, source);
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
    const { task } = run;
    if (!task.transferred) {
      await services.tasks.update(task, { status: 'processing' });
      const transferred = await transfer(services, run);
      await services.tasks.update(task, {
        transferred,
        message: progress(transferred.size, transferred.size),
        uploadId: undefined,
      });
      log.info('copied', { task_id: task.id, image_id: task.imageId, bytes: transferred.size });
    }
    return () => services.applyQueue.send({ imageId: task.imageId, taskId: task.id });
  };
