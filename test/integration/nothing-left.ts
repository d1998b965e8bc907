import { expect } from 'vitest';
import { isTask } from '../kept.ts';
import type { Ferry } from './ferry.ts';

/**
 * Of imports that have ended their tasks are left, without secrets, and nothing else. The claim goes after the task has
 * ended, and a step's seat after the claim, so it may take a moment.
 */
export const expectNothingLeft = async ({ traces }: Pick<Ferry, 'traces'>): Promise<void> => {
  expect(await traces.relay()).toEqual({ objects: [], uploads: [] });
  const others = async () => (await traces.items()).filter((item) => !isTask(item)).map(({ item }) => item);
  await expect.poll(others).toEqual([]);
  expect((await traces.items()).filter((item) => 'sealed' in item)).toEqual([]);
};

/** The same for who waits for images: they are active a moment before their imports have ended. */
export const expectNothingStays = async (ferry: Pick<Ferry, 'traces'>): Promise<void> => {
  await expect.poll(() => ferry.traces.relay()).toEqual({ objects: [], uploads: [] });
  await expectNothingLeft(ferry);
};
