import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LocalAws, StartAwsOptions } from '../cloud/aws/aws.ts';

/** All of the emulated AWS that does not need its own thread. */
export type RemoteAws = Pick<LocalAws, 'endpoints' | 'env' | 'queues' | 'tableName' | 'bucketName' | 'stop'>;

/** Starts the emulated AWS in another thread: what its work costs is not in this one's processor time. */
export const startAwsElsewhere = async (options: StartAwsOptions): Promise<RemoteAws> => {
  const thread = new Worker(new URL('./aws-thread.ts', import.meta.url), { workerData: options });
  const [started] = (await once(thread, 'message')) as [Omit<RemoteAws, 'stop'>];
  const stop = async (): Promise<void> => {
    const exit = once(thread, 'exit');
    thread.postMessage('stop');
    await exit;
  };
  return { ...started, stop };
};
