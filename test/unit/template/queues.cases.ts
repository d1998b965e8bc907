import { describe, expect, test } from 'vitest';
import { functions, inShort, names, type Packaged } from './packaged.ts';

export const queuesCases = (packaged: () => Packaged) =>
  describe('queues', () => {
    const redrive = {
      StreamImageQueue: ['FailImportQueue.Arn', 5],
      ApplyMetadataQueue: ['FailImportQueue.Arn', 5],
      FailImportQueue: ['FailImportDeadQueue.Arn', 10],
      FailImportDeadQueue: undefined,
    };

    test('hand on what fails too often, and at last to a queue nobody reads', () => {
      const queues = packaged()
        .ofType('AWS::SQS::Queue')
        .map(([id, { RedrivePolicy }]) => {
          const policy = RedrivePolicy as
            | { deadLetterTargetArn: unknown; maxReceiveCount: number }
            | undefined;
          return [id, policy && [inShort(policy.deadLetterTargetArn), policy.maxReceiveCount]];
        });
      expect(Object.fromEntries(queues)).toEqual(redrive);
    });

    test.each(Object.keys(redrive))('%s is encrypted and refuses plain HTTP', (queue) => {
      expect(packaged().properties(queue)['KmsMasterKeyId']).toEqual({ Ref: 'Key' });
      const policies = packaged()
        .ofType('AWS::SQS::QueuePolicy')
        .map(([, policy]) => policy);
      const policy = policies.find(({ Queues }) =>
        (Queues as unknown[]).some((one) => inShort(one) === queue),
      );
      expect(policy?.['PolicyDocument']).toMatchObject({
        Statement: [
          { Effect: 'Deny', Action: 'sqs:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        ],
      });
    });

    test('hide a message at least as long as its function may run, as AWS demands', () => {
      for (const name of names) {
        const { timeoutS, ...rest } = functions[name];
        if (!('queue' in rest)) continue;
        expect(packaged().properties(rest.queue)['VisibilityTimeout']).toBeGreaterThanOrEqual(timeoutS);
      }
    });
  });
