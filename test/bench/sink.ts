import { startServerProcess } from './server-process.ts';

export interface Received {
  /** Requests by operation. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of the bodies of parts and objects. */
  readonly bytes: number;
}

/** The discarding S3, in a process of its own. */
export const startSink = async () => {
  const server = await startServerProcess('sink-process.ts');
  return {
    url: server.url,
    stop: server.stop,
    /** What has come since the last call. */
    received: async (): Promise<Received> => (await server.ask('received')) as Received,
  };
};

export type Sink = Awaited<ReturnType<typeof startSink>>;
