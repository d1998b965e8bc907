import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { asFerryError } from '../errors.ts';
import { log } from '../log.ts';
import { type MeasuredStep, stepTook } from '../metrics.ts';
import type { Delivery } from '../state/messages.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { parseMessage } from './messages.ts';
import type { Received } from './received.ts';

export interface RecordOptions {
  /** For the metrics. */
  readonly step: MeasuredStep;
  /** Seconds before the function's end at which the step must stop. */
  readonly deadlineReserveS: number;
}

export interface QueueOptions extends RecordOptions {
  /** What may be done with a record of the queue that the events come from. */
  readonly deliveryOf: (record: SQSRecord) => Delivery;
}

/** An event of SQS, as opposed to a direct invocation. */
export const isQueueEvent = (event: unknown): event is SQSEvent =>
  typeof event === 'object' && event !== null && 'Records' in event;

/** Whatever keeps a message in its queue is told: the dead letter that it becomes has its cause here and nowhere else. */
const tellWhy = ({ messageId, attributes }: SQSRecord, thrown: unknown): never => {
  const error = asFerryError(thrown);
  const received = Number(attributes.ApproximateReceiveCount);
  log.warn('message comes again', { message_id: messageId, received, reason: error.explanation, error });
  throw thrown;
};

/**
 * The stack of every queue function. A record that throws is reported in `batchItemFailures`, so that it alone comes
 * again.
 */
export const recordHandler = (
  options: RecordOptions,
  handle: (record: SQSRecord, deadline: Deadline) => Promise<void>,
) => {
  const handleRecord = async (record: SQSRecord, context: Context): Promise<void> => {
    const deadline = createDeadline(context, options.deadlineReserveS);
    const startedMs = performance.now();
    try {
      await handle(record, deadline);
    } finally {
      deadline.close();
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

/** Of the queues of an import's steps. */
export const queueHandler = (options: QueueOptions, step: (received: Received) => Promise<void>) =>
  recordHandler(options, (record, deadline) =>
    step({ message: parseMessage(record.body), delivery: options.deliveryOf(record), deadline }),
  );
