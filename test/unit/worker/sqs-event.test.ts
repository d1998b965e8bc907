import { expect, test } from 'vitest';
import { failedIds, sqsEvent } from '../../../worker/sqs-event.ts';

const arn = 'arn:aws:sqs:eu-north-1:000000000000:Queue';

test('a message becomes a record as Lambda writes it', () => {
  const Attributes = {
    ApproximateReceiveCount: '2',
    SentTimestamp: '1',
    SenderId: 'me',
    ApproximateFirstReceiveTimestamp: '3',
  };
  const MessageAttributes = { kind: { DataType: 'String', StringValue: 'x' } };
  const message = {
    MessageId: 'id',
    ReceiptHandle: 'handle',
    Body: '{}',
    MD5OfBody: 'md5',
    Attributes,
    MessageAttributes,
  };
  expect(sqsEvent([message], arn).Records).toEqual([
    {
      messageId: 'id',
      receiptHandle: 'handle',
      body: '{}',
      attributes: Attributes,
      messageAttributes: {
        kind: { dataType: 'String', stringValue: 'x', stringListValues: [], binaryListValues: [] },
      },
      md5OfBody: 'md5',
      eventSource: 'aws:sqs',
      eventSourceARN: arn,
      awsRegion: 'eu-north-1',
    },
  ]);
});

const ids = ['1', '2'];
test.each([
  ['nothing', undefined, []],
  ['an empty answer', {}, []],
  ['an empty list', { batchItemFailures: [] }, []],
  ['null for the list', { batchItemFailures: null }, []],
  ['one of the batch', { batchItemFailures: [{ itemIdentifier: '2' }] }, ['2']],
  ['an id that was not in the batch', { batchItemFailures: [{ itemIdentifier: '3' }] }, ids],
  ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }, ids],
  ['an entry without an id', { batchItemFailures: [{}] }, ids],
  ['no list at all', { batchItemFailures: 'all' }, ids],
])('%s: which messages failed', (_what, answer, failed) => {
  expect([...failedIds(answer, ids)]).toEqual(failed);
});
