import { describe, expect, test } from 'vitest';
import { inShort, logicalIdOf, names, type Packaged, rightsOf } from './packaged.ts';

export const rightsCases = (packaged: () => Packaged) =>
  describe('rights', () => {
    const allow = (on: string, ...actions: string[]) => actions.map((action) => `Allow ${action} on ${on}`);
    const logs = (name: string) =>
      allow(`${logicalIdOf(name)}LogGroup.Arn`, 'logs:CreateLogStream', 'logs:PutLogEvents');
    const table = (...actions: string[]) =>
      allow('ImportsTable.Arn', ...actions.map((action) => `dynamodb:${action}`));
    const consume = (queue: string) =>
      allow(
        `${queue}.Arn`,
        ...['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes', 'ChangeMessageVisibility'].map(
          (a) => `sqs:${a}`,
        ),
      );
    const send = (queue: string) => allow(`${queue}.Arn`, 'sqs:SendMessage');
    const relay = (...actions: string[]) =>
      allow('RelayBucket.Arn/copies/*', ...actions.map((a) => `s3:${a}`));
    const useKey = allow('Key.Arn', 'kms:Decrypt', 'kms:GenerateDataKey');
    const readClouds = allow('HasClouds CloudsArn AWS::NoValue', 'secretsmanager:GetSecretValue');
    const readSecrets = [
      ...readClouds,
      ...allow('SealingSecret', 'secretsmanager:GetSecretValue'),
      ...allow('HasServiceUser ServiceUserArn AWS::NoValue', 'secretsmanager:GetSecretValue'),
    ];
    const tell = allow(
      'arn:AWS::Partition:events:AWS::Region:AWS::AccountId:event-bus/EventBusName',
      'events:PutEvents',
    );
    const allOfTable = table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'Query');

    const rights = {
      'import-image': [
        // Query for the tasks of a silent import that a new one preempts.
        ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
        ...send('StreamImageQueue'),
        ...send('FailImportQueue'),
        ...readClouds,
        ...allow('SealingSecret', 'secretsmanager:GetSecretValue'),
        ...tell,
        ...useKey,
      ],
      'stream-image': [
        ...allOfTable,
        ...consume('StreamImageQueue'),
        ...send('StreamImageQueue'),
        ...send('ApplyMetadataQueue'),
        ...send('FailImportQueue'),
        ...relay('PutObject', 'GetObject', 'AbortMultipartUpload', 'DeleteObject'),
        ...allow('RelayBucket.Arn', 's3:ListBucket', 's3:ListBucketMultipartUploads'),
        ...readSecrets,
        ...tell,
        ...useKey,
      ],
      'apply-metadata': [
        ...allOfTable,
        ...consume('ApplyMetadataQueue'),
        ...send('StreamImageQueue'),
        ...send('ApplyMetadataQueue'),
        ...send('FailImportQueue'),
        ...relay('GetObject', 'AbortMultipartUpload', 'DeleteObject'),
        ...allow('RelayBucket.Arn', 's3:ListBucket', 's3:ListBucketMultipartUploads'),
        ...readSecrets,
        ...tell,
        ...useKey,
      ],
      'fail-import': [
        ...allOfTable,
        ...consume('FailImportQueue'),
        ...send('StreamImageQueue'),
        ...send('ApplyMetadataQueue'),
        ...send('FailImportQueue'),
        ...relay('GetObject', 'AbortMultipartUpload', 'DeleteObject'),
        ...allow('RelayBucket.Arn', 's3:ListBucket', 's3:ListBucketMultipartUploads'),
        ...readSecrets,
        ...tell,
        ...useKey,
      ],
      'replicate-image': [
        ...allOfTable,
        ...consume('ReplicateImageQueue'),
        ...send('ReplicateImageQueue'),
        ...send('ReplicateImageDeadQueue'),
        ...send('StreamImageQueue'),
        ...send('FailImportQueue'),
        ...tell,
        ...readSecrets,
        ...useKey,
      ],
      'sync-images': [
        ...table('Query', 'GetItem'),
        ...send('ReplicateImageQueue'),
        ...allow('CloudsArn', 'secretsmanager:GetSecretValue'),
        ...allow('ServiceUserArn', 'secretsmanager:GetSecretValue'),
        ...useKey,
      ],
      'sweep-imports': [
        ...table('Scan', 'GetItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'Query'),
        ...send('StreamImageQueue'),
        ...send('FailImportQueue'),
        ...relay('AbortMultipartUpload', 'DeleteObject'),
        ...allow('RelayBucket.Arn', 's3:ListBucket', 's3:ListBucketMultipartUploads'),
        ...useKey,
      ],
      'list-tasks': [...table('Query', 'GetItem'), ...allow('Key.Arn', 'kms:Decrypt')],
      'cancel-import': [...table('Query', 'GetItem', 'UpdateItem'), ...send('FailImportQueue'), ...useKey],
      discovery: allow('Key.Arn', 'kms:Decrypt'),
    };

    test.each(names)('%s may do what it does and nothing else', (name) => {
      const roleId =
        String(inShort(packaged().properties(`${logicalIdOf(name)}LambdaFunction`)['Role'])).split('.')[0] ??
        '';
      expect(rightsOf(packaged().properties(roleId))).toEqual([...logs(name), ...rights[name]].sort());
    });

    test('no role has managed policies or rights on everything', () => {
      const roles = packaged().ofType('AWS::IAM::Role');
      expect(roles).toHaveLength(names.length);
      for (const [, role] of roles) {
        expect(role).not.toHaveProperty('ManagedPolicyArns');
        expect(rightsOf(role).filter((right) => right.endsWith(' on *') || right.includes(':*'))).toEqual([]);
      }
    });
  });
