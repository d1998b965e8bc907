import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RelayStore } from '../../../lib/aws/relay-store.ts';
import { createDynamoClient, createTable } from '../../../lib/aws/table.ts';
import { createTransferImage, type TransferServices } from '../../../lib/copies/transfer-image.ts';
import type { Download } from '../../../lib/download/download.ts';
import { asFerryError } from '../../../lib/errors.ts';
import { createTasks } from '../../../lib/imports/record/tasks.ts';
import { log } from '../../../lib/log.ts';
import { newAttemptId } from '../../../lib/schemas/ids.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { taskFixture } from '../imports/task-fixture.ts';
import { startLocalAws } from '../local-aws.ts';

let aws: LocalAws;
beforeAll(async () => {
  log.setLogLevel('SILENT');
  aws = await startLocalAws();
});
afterAll(() => aws.stop());

test('a mistake of our own while an image is copied is internal, and its text stays in the log', async () => {
  const tasks = createTasks(createTable(createDynamoClient(), aws.tableName), { ttlH: 48 });
  const task = taskFixture();
  await tasks.create(task);
  const mistake = new TypeError("Cannot read properties of undefined (reading 'uploadId')");
  const description = { size: 7, hashes: [], identity: 'one', isResumable: true, record: undefined };
  const download = { name: 'image 1', describe: async () => description } as unknown as Download;
  const relay = { createUpload: () => Promise.reject(mistake) } as unknown as RelayStore;
  const services = {
    tasks,
    relay,
    openAccess: async () => ({ download }),
    propertyRules: { prefixes: [], inject: {}, ignoreUserRoles: [] },
    partLimits: { partSize: 5, maxParts: 9 },
    segmentLimits: { segmentSize: 100, segmentsAtOnce: 2 },
    imageSizeCap: 100,
    sourceBudget: { retries: 0, firstDelayMs: 1 },
  } as unknown as TransferServices;
  const claim = { imageId: task.imageId, taskId: task.id, attempt: newAttemptId() };
  const run = {
    task,
    claim,
    receiveCount: 1,
    begin: async () => undefined,
    signal: new AbortController().signal,
    log,
  };

  const thrown = await createTransferImage(services)(run).catch((error: unknown) => error);
  expect(thrown).toBe(mistake);
  expect(asFerryError(thrown)).toMatchObject({ code: 'internal', cause: mistake });
  expect(asFerryError(thrown).explanation).not.toContain('undefined');
});
