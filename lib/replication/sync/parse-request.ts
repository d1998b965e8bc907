import { FerryError } from '../../errors.ts';
import type { SyncRequest } from '../../schemas/replication/sync.ts';
import { isSyncRequest } from '../../schemas/validators.js';
import { inWords } from '../event/in-words.ts';
import { isObject } from '../event/json.ts';

/**
 * What a run is asked for: all policies by EventBridge's schedule, or by nothing at all.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
 * @throws FerryError `bad-request` for anything but a request, naming what is wrong
 */
export const parseSyncRequest = (event: unknown): SyncRequest => {
  if (event === null || event === undefined) return {};
  if (isObject(event) && event['detail-type'] === 'Scheduled Event') return {};
  if (isSyncRequest(event)) return event;
  throw new FerryError('bad-request', `sync-images: ${inWords(isSyncRequest.errors ?? [])}`);
};
