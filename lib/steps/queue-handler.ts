import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { asFerryError } from '../errors.ts';
import { log } from '../log.ts';
import { stepTook } from '../metrics.ts';
import type { Delivery, StepName } from '../state/messages.ts';
import { createDeadline } from './deadline.ts';
import { parseMessage } from './messages.ts';
import type { Received } from './received.ts';

export interface QueueOptions {
  /** For the metrics. */
  readonly step: StepName;
  /** What may be done with a record of the queue that the events come from. */
  readonly deliveryOf: (record: SQSRecord) => Delivery;
  /** Seconds before the function's end at which the step must stop. */
  readonly deadlineReserveS: number;
}

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
    const deadline = createDeadline(context, options.deadlineReserveS);
    const startedMs = performance.now();
    try {
      await step({ message, delivery: options.deliveryOf(record), deadline });
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
