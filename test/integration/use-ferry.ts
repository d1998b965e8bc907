import { afterAll, beforeAll } from 'vitest';
import type { DefaultRegion } from '../cloud/openstack/openstack.ts';
import { type Ferry, type FerryOptions, startFerry } from './ferry.ts';
import { createQueuesByHand, type QueuesByHand, steps } from './queues-by-hand.ts';

/**
 * The ferry of a test file: started before its first test, stopped after its last. Nothing is in it before. Once per
 * file: the handlers read their settings when they are loaded.
 * @param options called before it starts where they are a function: for ports of servers that are started before it
 */
export const useFerry = <const Region extends string = DefaultRegion>(
  options: FerryOptions<Region> | (() => FerryOptions<Region>) = {},
): Ferry<Region> => {
  const ferry = {} as Ferry<Region>;
  const start = () => startFerry<Region>(typeof options === 'function' ? options() : options);
  beforeAll(async () => void Object.assign(ferry, await start()));
  afterAll(() => ferry.stop());
  return ferry;
};

/** A ferry whose queues nobody reads, and its queues: a test sees each message. */
export const useFerryByHand = (
  options: FerryOptions | (() => FerryOptions) = {},
): { readonly ferry: Ferry; readonly queues: QueuesByHand } => {
  const ferry = useFerry(() => ({ ...(typeof options === 'function' ? options() : options), idle: steps }));
  const queues = {} as QueuesByHand;
  beforeAll(() => void Object.assign(queues, createQueuesByHand(ferry)));
  afterAll(() => queues.stop());
  return { ferry, queues };
};
