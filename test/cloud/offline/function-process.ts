import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import type { Answer, Invocation } from './sandbox.ts';

/** The inside of a sandbox: a process of its own that runs one handler, one event at a time, as Lambda does. */

const [, , file = '', exportName = ''] = process.argv;
type Handler = (event: unknown, context: Context) => Promise<unknown>;

function contextOf({ requestId, functionName, deadlineMs, memoryMB }: Invocation): Context {
  return {
    awsRequestId: requestId,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${process.env['AWS_REGION']}:000000000000:function:${functionName}`,
    memoryLimitInMB: String(memoryMB),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: `local/${process.pid}`,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
    done() {},
    fail() {},
    succeed() {},
  };
}

const loading = import(pathToFileURL(file).href) as Promise<Record<string, Handler>>;

async function run(invocation: Invocation): Promise<Answer> {
  try {
    const handler = (await loading)[exportName];
    if (!handler) throw new Error(`${file} does not export ${exportName}`);
    return { result: (await handler(invocation.event, contextOf(invocation))) ?? null };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (invocation: Invocation) => {
  void run(invocation).then((answer) =>
    process.send?.({ ...answer, maxRssKiB: process.resourceUsage().maxRSS }),
  );
});
// Ctrl-C reaches the whole process group; whoever started this process says when it ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));
