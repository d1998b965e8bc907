import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Runs something. @returns how many TCP connections this process has begun meanwhile */
export const openedSockets = async (run: () => Promise<void>): Promise<number> => {
  let count = 0;
  const opened = (): void => {
    count += 1;
  };
  subscribe('net.client.socket', opened);
  try {
    await run();
  } finally {
    unsubscribe('net.client.socket', opened);
  }
  return count;
};
