import { randomUUID } from 'node:crypto';
import type { StoppableContext } from '../lib/steps/deadline.ts';

/** 24 days, setTimeout's longest (anything more fires at once, also in middy); SQS keeps a message for 14 at most. */
const noLimitMs = 2 ** 31 - 1;

/** What Lambda tells a function of its invocation, for a function that has no limit on time. */
export const contextOf = (name: string, stopping: AbortSignal): StoppableContext => ({
  awsRequestId: randomUUID(),
  functionName: name,
  functionVersion: 'worker',
  invokedFunctionArn: `worker:${name}`,
  memoryLimitInMB: '0',
  logGroupName: 'worker',
  logStreamName: `${process.pid}`,
  callbackWaitsForEmptyEventLoop: false,
  getRemainingTimeInMillis: () => noLimitMs,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
  stopping,
});
