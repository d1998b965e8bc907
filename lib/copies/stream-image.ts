import { logOfCopy } from '../log.ts';
import type { Copy, SegmentPlan, Transferred } from '../state/copy.ts';
import { type CopyMessage, toCopy } from '../state/messages.ts';
import { type RowRef, wholeCopy } from '../state/refs.ts';
import { msOf } from '../state/task.ts';
import { hasComeOften } from '../steps/few-tries.ts';
import { again, done, type Outcome, send } from '../steps/outcome.ts';
import type { Step } from '../steps/step.ts';
import { copySegment } from './bytes/copy-segment.ts';
import { copyStream } from './bytes/copy-stream.ts';
import { gather, refill } from './bytes/gather.ts';
import { withSource } from './bytes/open-source.ts';
import { openUpload } from './bytes/open-upload.ts';
import { planRows } from './bytes/plan-rows.ts';
import { runResumably } from './bytes/run-resumably.ts';
import { failCopy } from './end/fail-copy.ts';
import { handOn, handOnOrWake } from './end/hand-on.ts';
import { createLookAtWaiters } from './look-at-waiters.ts';
import { type CopiedObject, prove } from './object/prove.ts';
import { type CopyRun, createCopyRun } from './record/copy-run.ts';
import { areRowsDone, isRowDone, messagesToBegin, messagesToGoOn, planOfRow, rowOf } from './record/rows.ts';
import type { CopyServices } from './record/services.ts';
import { strongestHash } from './record/source-hash.ts';
import { storedOfRow, storedOfWhole } from './record/stored-so-far.ts';

/** Cuts the copy into rows, and has them begun. What was planned before an end between the two is found again. */
const split = async (services: CopyServices, run: CopyRun, plan: SegmentPlan): Promise<Outcome> => {
  await openUpload(services, run);
  const planned = await run.change({ plan });
  run.log.info('copying in segments', { bytes: plan.size, segments: plan.count, at_once: plan.atOnce });
  // To all: a row's message of before the copy began anew may have come in between, in vain, and have left its trace.
  return send(...messagesToGoOn(planned).map(toCopy));
};

/** The object of what is stored; undefined where bytes are missing, or where nothing but the source's record vouches for them. */
const finished = async (services: CopyServices, run: CopyRun): Promise<CopiedObject | undefined> => {
  const { stored, plan } = run.subject;
  if (stored) return { ...stored, digests: {} };
  return plan && strongestHash(run.subject) ? await gather(services, run, plan) : undefined;
};

const finish = async (run: CopyRun, transferred: Transferred): Promise<Outcome> => {
  const finished = await run.change({ transferred, verification: undefined });
  run.log.info('copied', { bytes: transferred.size, waiting: finished.waiting.length });
  return handOnOrWake(finished, 'apply-metadata');
};

/** Bytes that are missing: all of a small image; of one in segments, those that the store has lost. */
const streamMissing = (services: CopyServices, run: CopyRun): Promise<CopiedObject | Outcome> =>
  withSource(services, run, async (from) => {
    const { plan } = run.subject;
    if (plan) return await runResumably(services, run, () => refill(services, run, from, plan));
    const planned = await planRows(services, run, from);
    if (planned) return await split(services, run, planned);
    return await runResumably(services, run, () => copyStream(services, run, from));
  });

/** The copy as a whole: plans it; copies it, or has its rows copy it; makes one object of it, proves that, hands it on. */
const streamWhole = async (services: CopyServices, run: CopyRun): Promise<Outcome> => {
  const { subject } = run;
  if (subject.transferred) return handOn(subject, 'apply-metadata');
  const { plan, stored } = subject;
  if (plan && !stored && !areRowsDone(subject, plan))
    return send(...messagesToBegin(subject, plan).map(toCopy));
  if (subject.waiting.length === 0) return done;
  if (await hasComeOften(services.copies, run, () => storedOfWhole(services.copies, run))) return again();
  const copied =
    (await runResumably(services, run, () => finished(services, run))) ??
    (await streamMissing(services, run));
  if ('next' in copied) return copied;
  const transferred = await runResumably(services, run, () => prove(services, run, copied));
  return 'next' in transferred ? transferred : await finish(run, transferred);
};

/** After a segment: the next one of its row; after the last of all rows the copy as a whole. */
const afterSegment = (copy: Copy, plan: SegmentPlan, { copyId, row }: RowRef): Outcome => {
  if (!isRowDone(rowOf(copy, row), plan)) return again();
  return areRowsDone(copy, plan) ? send(toCopy({ copyId })) : done;
};

/** One segment of a row. */
const streamRow = async (services: CopyServices, run: CopyRun): Promise<Outcome> => {
  const { subject, ref } = run;
  // The copy has begun anew: the attempt that did so may have died before it could send for the copy as a whole.
  if (!subject.plan && !subject.transferred)
    return send({ ...toCopy({ copyId: ref.copyId }), delayS: services.heartbeatS });
  const plan = planOfRow(subject, ref.row);
  if (!plan) return done;
  if (isRowDone(rowOf(subject, ref.row), plan)) return afterSegment(subject, plan, ref);
  if (await hasComeOften(services.copies, run, () => storedOfRow(services.copies, run, plan))) return again();
  const copied = await withSource(services, run, (from) =>
    runResumably(services, run, () => copySegment(services, run, from, plan)),
  );
  return 'next' in copied ? copied : afterSegment(copied, plan, ref);
};

/**
 * The step `stream-image` of a copy: a source's bytes into the relay, proven by size and hash; then it is apply-metadata's
 * turn for each import that waits. One message copies a small image, or one from a source without ranges. A large one is
 * cut into segments, which rows copy side by side; the last row to end sends one for the whole again, which makes one
 * object of them and proves it. May run twice or die anywhere: it goes on from what is stored, as it does when its time
 * ends; a finished copy only hands on.
 */
export const createStreamImage = (services: CopyServices): Step<RowRef, Copy, CopyMessage> => {
  const { copies } = services;
  return {
    leases: copies,
    refOf: ({ copyId, row = wholeCopy }) => ({ copyId, row }),
    load: ({ copyId }) => copies.get(copyId),
    logOf: logOfCopy,
    waitingOf: ({ projectId, copyId, createdAt, transferred, failure }, { row }) =>
      transferred || failure ? undefined : { projectId, work: `${copyId}#${row}`, sinceMs: msOf(createdAt) },
    stillWaits: async ({ waiting }) => {
      for (const ref of waiting) await services.waiters.touch(ref);
    },
    look: createLookAtWaiters(services),
    run: async (run) => {
      const { failure } = run.subject;
      // An earlier run has died before all who wait were told.
      if (failure) return await failCopy(services, run.subject, failure);
      const copying = createCopyRun(copies, run);
      return await (run.ref.row === wholeCopy ? streamWhole : streamRow)(services, copying);
    },
    keepReason: (copy, { explanation, code }) => copies.keepReason(copy, { reason: explanation, code }),
    failed: ({ subject }, { explanation, code }) =>
      failCopy(services, subject, { reason: explanation, code }, { isByImport: true }),
  };
};
