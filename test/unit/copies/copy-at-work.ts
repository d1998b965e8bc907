import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createCopies } from '../../../lib/aws/state/copies.ts';
import { type CopyRun, createCopyRun } from '../../../lib/copies/record/copy-run.ts';
import { objectKey } from '../../../lib/copies/record/object-key.ts';
import type { CopyServices } from '../../../lib/copies/record/services.ts';
import type { Waiters } from '../../../lib/copies/record/waiters.ts';
import { createStreamImage } from '../../../lib/copies/stream-image.ts';
import type { FerryError } from '../../../lib/errors.ts';
import { log } from '../../../lib/log.ts';
import { newAttemptId, newGeneration } from '../../../lib/schemas/ids.ts';
import type { Copies } from '../../../lib/state/copies.ts';
import type { Copy } from '../../../lib/state/copy.ts';
import { type CopyMessage, isOfCopy, type Sending } from '../../../lib/state/messages.ts';
import { type ImportRef, importRef, wholeCopy } from '../../../lib/state/refs.ts';
import type { Deadline } from '../../../lib/steps/deadline.ts';
import type { Received } from '../../../lib/steps/received.ts';
import { runStep } from '../../../lib/steps/run-step.ts';
import { newImport } from '../../contract/state/fixtures.ts';
import { type LocalState, newCopyId, useLocalState } from '../local-state.ts';
import { partChecksum } from '../part-checksum.ts';
import { deadlineOf } from '../steps/step-at-work.ts';
import { type ImageServer, type ServedImage, startImageServer } from './image-server.ts';
import { downloadAs } from './local-download.ts';

export const MiB = 1024 ** 2;
/** A plan's smallest. */
export const partSize = MiB;
/** Two parts. */
export const smallImage = randomBytes(2 * MiB);

export interface RunOptions {
  readonly receiveCount?: number;
  readonly deadline?: Deadline;
}

/** A copy of an image, the imports that wait for it, and all that happens to them. */
export class CopyAtWork {
  readonly state: LocalState;
  readonly server: ImageServer;
  readonly copies: Copies;
  readonly waiting: readonly ImportRef[];
  readonly sent: Sending[] = [];
  /** Imports that wait no longer, and why. */
  readonly failed = new Map<string, FerryError>();
  /** Those who were told that the copy waits for its turn. */
  readonly touched: string[] = [];
  /** Seconds that a message was hidden for. */
  readonly hidden: number[] = [];
  services: CopyServices;
  copyId = newCopyId();

  constructor(state: LocalState, server: ImageServer) {
    this.state = state;
    this.server = server;
    this.copies = createCopies(state.table, { leaseMs: 30_000 });
    // In the order in which they are asked.
    this.waiting = [newImport(), newImport()].sort((a, b) => a.imageId.localeCompare(b.imageId));
    this.services = {
      copies: this.copies,
      tasks: state.tasks,
      relay: state.relay,
      waiters: this.waiters(),
      partLimits: { partSize, maxParts: 100 },
      partsInFlight: 2,
      segmentLimits: { segmentSize: 100 * MiB, segmentsAtOnce: 2 },
      imageSizeCap: 100 * MiB,
      sourceBudget: { retries: 1, firstDelayMs: 1 },
      heartbeatS: 20,
    };
  }

  /** Whose token is the import's task id. */
  downloadOf = ({ taskId }: ImportRef) => downloadAs(this.server, taskId);

  private waiters(): Waiters {
    return {
      open: async (ref) => (this.failed.has(ref.taskId) ? undefined : this.downloadOf(ref)),
      keep: async () => undefined,
      touch: async ({ taskId }) => void this.touched.push(taskId),
      fail: async ({ taskId }, error) => void this.failed.set(taskId, error),
    };
  }

  /** Cuts what is copied from now on into segments; of one part, two at a time, when not told otherwise. */
  cut(limits: Partial<CopyServices['segmentLimits']> = {}): void {
    const segmentLimits = { segmentSize: partSize, segmentsAtOnce: 2, ...limits };
    this.services = { ...this.services, segmentLimits };
  }

  /** Begins a copy, for all who wait, the first of them before the others. */
  async begin([first, ...others]: readonly ImportRef[] = this.waiting): Promise<void> {
    this.copyId = newCopyId();
    if (!first) throw new Error('nobody waits');
    const download = this.downloadOf(first);
    const { identity, size, hashes } = await download.describe({ signal: new AbortController().signal });
    const of = { projectId: 'project', name: download.name, identity, size, hashes };
    const copy = { copyId: this.copyId, generation: newGeneration(), ...of };
    const attempt = newAttemptId();
    await this.copies.create(copy, first, attempt);
    for (const other of others) await this.copies.join(this.copyId, other);
    await this.copies.pause({ copyId: this.copyId, row: wholeCopy }, attempt);
  }

  /** Begins another copy, of another image. */
  async beginOf(image: ServedImage): Promise<void> {
    this.server.image = image;
    await this.begin();
  }

  /** A run at the whole of the copy, as it is now. */
  async copyRun(signal = new AbortController().signal): Promise<CopyRun> {
    const ref = { copyId: this.copyId, row: wholeCopy };
    const attempt = newAttemptId();
    if ((await this.copies.begin(ref, attempt)) !== 'mine') throw new Error('another attempt is at work');
    const run = { ref, attempt, receiveCount: 1, signal, deadline: deadlineOf(signal), log };
    return createCopyRun(this.copies, { ...run, subject: await this.read() });
  }

  endRun = ({ ref, attempt }: CopyRun): Promise<void> => this.copies.pause(ref, attempt);

  /** Puts the copy's object into the relay. */
  async putObject(bytes: Buffer): Promise<void> {
    const { relay } = this.state;
    const { signal } = new AbortController();
    const key = objectKey(await this.read());
    const uploadId = await relay.createUpload(key, { signal });
    const part = { number: 1, checksum: partChecksum('crc32', bytes) };
    const etag = await relay.uploadPart({ key, uploadId, bytes, ...part }, { signal });
    await relay.completeUpload({ key, uploadId, size: bytes.length, parts: [{ ...part, etag }] }, { signal });
  }

  read = async (): Promise<Copy> => {
    const copy = await this.copies.get(this.copyId);
    if (!copy) throw new Error('there is no copy');
    return copy;
  };

  partsStored = async (): Promise<readonly number[]> => [
    ...(await this.copies.parts(await this.read())).keys(),
  ];

  /** One run of the step. @returns the messages that it has sent */
  async run(message: Partial<CopyMessage> = {}, options: RunOptions = {}): Promise<readonly Sending[]> {
    const { receiveCount = 1, deadline = deadlineOf() } = options;
    const from = this.sent.length;
    const send = async (sending: Sending): Promise<void> => void this.sent.push(sending);
    const hideFor = async (seconds: number): Promise<void> => void this.hidden.push(seconds);
    const received: Received<CopyMessage> = {
      message: { copyId: this.copyId, ...message },
      delivery: { receiveCount, hideFor },
      deadline,
    };
    const pace = { heartbeatS: this.services.heartbeatS, retryDelayS: 10 };
    await runStep({ name: 'stream-image', send, ...pace }, createStreamImage(this.services), received);
    return this.sent.slice(from);
  }

  /** Runs the step for its message, and for all that come of it. @returns what is for other steps */
  async runAll(): Promise<readonly Sending[]> {
    const others: Sending[] = [];
    const waiting: CopyMessage[] = [{ copyId: this.copyId }];
    for (let message = waiting.shift(); message; message = waiting.shift()) {
      for (const sending of await this.run(message)) {
        if (sending.to === 'stream-image' && isOfCopy(sending.message)) waiting.push(sending.message);
        else others.push(sending);
      }
    }
    return others;
  }

  /** The object in the relay. */
  object = async (size: number): Promise<Buffer> => {
    const { signal } = new AbortController();
    const { body } = await this.state.relay.open(objectKey(await this.read()), { size, signal });
    const bytes = Buffer.alloc(size);
    await body.fill(bytes);
    body.close();
    return bytes;
  };

  /** A message to a step for each of those who wait. */
  toAll = (to: Sending['to'], refs = this.waiting): readonly Sending[] =>
    refs.map((ref) => ({ to, message: importRef(ref) }));
}

/** A copy of this image, which has begun, for each test of a file, in a store that takes small parts. */
export const useCopy = (image: ServedImage): (() => CopyAtWork) => {
  const use = useLocalState({ s3Limits: { minPartBytes: partSize } });
  let server: ImageServer;
  let copy: CopyAtWork;
  beforeAll(async () => {
    server = await startImageServer(image);
  });
  beforeEach(async () => {
    server.image = image;
    server.refused.clear();
    server.asked.length = 0;
    copy = new CopyAtWork(use(), server);
    await copy.begin();
  });
  afterEach(() => use().aws.s3Faults.clear());
  afterAll(() => server.stop());
  return () => copy;
};
