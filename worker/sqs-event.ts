import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttributes, SQSRecord } from 'aws-lambda';

const attributeOf = ({ DataType, StringValue, BinaryValue }: MessageAttributeValue) => ({
  dataType: DataType ?? 'String',
  ...(StringValue !== undefined && { stringValue: StringValue }),
  ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
  stringListValues: [],
  binaryListValues: [],
});

function recordOf(message: Message, eventSourceARN: string): SQSRecord {
  const { Attributes = {}, MessageAttributes = {} } = message;
  const named = Object.entries(MessageAttributes).map(([name, value]) => [name, attributeOf(value)]);
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: {
      ApproximateReceiveCount: Attributes.ApproximateReceiveCount ?? '',
      ApproximateFirstReceiveTimestamp: Attributes.ApproximateFirstReceiveTimestamp ?? '',
      SentTimestamp: Attributes.SentTimestamp ?? '',
      SenderId: Attributes.SenderId ?? '',
    },
    messageAttributes: Object.fromEntries(named) as SQSMessageAttributes,
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion: eventSourceARN.split(':')[3] ?? '',
  };
}

/** The event Lambda makes of messages. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export const sqsEvent = (messages: readonly Message[], queueArn: string): SQSEvent => ({
  Records: messages.map((message) => recordOf(message, queueArn)),
});

/**
 * The ids of the messages that failed, by a function's answer with ReportBatchItemFailures. An empty answer means
 * success; an id that was not in the batch, or none at all, fails the whole batch, as Lambda rules.
 */
export function failedIds(answer: unknown, ids: readonly string[]): ReadonlySet<string> {
  if (typeof answer !== 'object' || answer === null || !('batchItemFailures' in answer)) return new Set();
  const failures = answer.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return new Set(ids);
  const failed = failures.map((failure) => failure?.itemIdentifier);
  return new Set(failed.every((id) => ids.includes(id)) ? failed : ids);
}
