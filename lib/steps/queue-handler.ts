import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import type { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { createDelivery } from '../aws/queue.ts';
import { asFerryError, FerryError } from '../errors.ts';
import { log } from '../log.ts';
import { type StepName, stepTook } from '../metrics.ts';
import { parseMessage } from './messages.ts';
import type { Received } from './run-step.ts';

export interface QueueOptions {
  /** For the metrics. */
  readonly step: StepName;
  readonly sqs: SQSClient;
  /** The queue that the events come from: its messages are kept hidden while the step works. */
  readonly queueUrl: string;
  /** Seconds before the function's end at which the step must stop. */
  readonly deadlineReserveS: number;
}

/** A context that may tell its function to stop before its time: the worker's, see worker/. */
export interface StoppableContext extends Context {
  readonly stopping?: AbortSignal;
}

/** Aborts a reserve before the function ends, with a reason that says so; and when it is told to stop. */
const deadlineOf = (
  context: StoppableContext,
  reserveS: number,
): { readonly signal: AbortSignal; stop(): void } => {
  const controller = new AbortController();
  const { signal } = controller;
  const outOfTime = () => controller.abort(new FerryError('out-of-time', "The function's time ended"));
  const leftMs = context.getRemainingTimeInMillis() - reserveS * 1000;
  const timer = setTimeout(outOfTime, Math.max(0, leftMs));
  const { stopping } = context;
  return { signal: stopping ? AbortSignal.any([signal, stopping]) : signal, stop: () => clearTimeout(timer) };
};

/** Whatever keeps a message in its queue is told: the dead letter that it becomes has its cause here and nowhere else. */
const tellWhy = ({ messageId, attributes }: SQSRecord, thrown: unknown): never => {
  const error = asFerryError(thrown);
  const received = Number(attributes.ApproximateReceiveCount);
  log.warn('message comes again', { message_id: messageId, received, reason: error.explanation, error });
  throw thrown;
};

/**
 * The stack of every queue function. A record whose step throws is reported in `batchItemFailures`, so that it alone
 * comes again.
 */
export const queueHandler = (options: QueueOptions, step: (received: Received) => Promise<void>) => {
  const handleRecord = async (record: SQSRecord, context: Context): Promise<void> => {
    const message = parseMessage(record.body);
    const delivery = createDelivery(options.sqs, options.queueUrl, record);
    const deadline = deadlineOf(context, options.deadlineReserveS);
    const startedMs = performance.now();
    try {
      await step({ message, delivery, deadline: deadline.signal });
    } finally {
      deadline.stop();
      stepTook(options.step, (performance.now() - startedMs) / 1000);
    }
  };

  return middy<SQSEvent, SQSBatchResponse>()
    .use(injectLambdaContext(log, { resetKeys: true, logEvent: false }))
    .handler((event, context) =>
      // A processor of its own: a worker runs several events at a time, and a processor keeps one event's failures.
      processPartialResponse(
        event,
        (record: SQSRecord) =>
          handleRecord(record, context).catch((error: unknown) => tellWhy(record, error)),
        new BatchProcessor(EventType.SQS),
        { context, throwOnFullBatchFailure: false },
      ),
    );
};
