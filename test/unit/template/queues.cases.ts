import { describe, expect, test } from 'vitest';
import { functions, inShort, names, type Packaged } from './packaged.ts';

export const queuesCases = (packaged: () => Packaged) =>
  describe('queues', () => {
    const redrive = {
      StreamImageQueue: ['FailImportQueue.Arn', 5],
      ApplyMetadataQueue: ['FailImportQueue.Arn', 5],
      FailImportQueue: ['FailImportDeadQueue.Arn', 10],
      FailImportDeadQueue: undefined,
      ReplicateImageQueue: ['ReplicateImageDeadQueue.Arn', 5],
      ReplicateImageDeadQueue: undefined,
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
      expect(policy?.['PolicyDocument']).toHaveProperty(
        ['Statement', 0],
        expect.objectContaining({
          ...{ Effect: 'Deny', Principal: '*', Action: 'sqs:*' },
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
    });

    test.each(['ReplicateImageQueue', 'ReplicateImageDeadQueue'])('%s takes what our rule sends', (queue) => {
      const statement = {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: { 'Fn::GetAtt': [queue, 'Arn'] },
        Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': ['ImagePublishedRule', 'Arn'] } } },
      };
      const policy = packaged().properties(`${queue}Policy`)['PolicyDocument'] as { Statement: unknown[] };
      expect(policy.Statement).toContainEqual(statement);
    });

    test('the rule sends each event "Image Published" to replicate-image, of the default bus or the one that is set', () => {
      const rule = packaged().properties('ImagePublishedRule');
      expect(inShort(rule['EventBusName'])).toBe('HasEventBus EventBusName default');
      expect(rule).toMatchObject({
        EventPattern: { 'detail-type': ['Image Published'] },
        Targets: [
          {
            Arn: { 'Fn::GetAtt': ['ReplicateImageQueue', 'Arn'] },
            DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['ReplicateImageDeadQueue', 'Arn'] } },
          },
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
