import { describe, expect, test } from 'vitest';
import { inShort, type Packaged } from './packaged.ts';

export const storageCases = (packaged: () => Packaged) =>
  describe('state and bytes', () => {
    test('the table has our keys, expires items, is encrypted and can be restored', () => {
      expect(packaged().properties('ImportsTable')).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'subject', KeyType: 'HASH' },
          { AttributeName: 'item', KeyType: 'RANGE' },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiresAtS', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: { Ref: 'Key' } },
      });
    });

    test('the bucket is private, encrypted, refuses plain HTTP and forgets what a crash left', () => {
      const bucket = packaged().properties('RelayBucket');
      expect(Object.values(bucket['PublicAccessBlockConfiguration'] ?? {})).toEqual([true, true, true, true]);
      expect(bucket['BucketEncryption']).toMatchObject({
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
        ],
      });
      expect(bucket['LifecycleConfiguration']).toMatchObject({
        Rules: [
          { Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
          { Status: 'Enabled', Prefix: 'copies/', ExpirationInDays: 14 },
        ],
      });
      expect(packaged().properties('RelayBucketTlsOnly')['PolicyDocument']).toMatchObject({
        Statement: [
          { Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        ],
      });
    });

    test.each(['ImportsTable', 'RelayBucket', 'Key', 'SealingSecret'])(
      '%s outlives its stack and its replacement',
      (id) => {
        expect(packaged().resources[id]).toMatchObject({
          DeletionPolicy: 'RetainExceptOnCreate',
          UpdateReplacePolicy: 'Retain',
        });
      },
    );

    test('an upload lives as long as a message, an object longer, a dead letter as long as SQS keeps any', () => {
      const days = (queue: string) =>
        Number(packaged().properties(queue)['MessageRetentionPeriod']) / (24 * 3600);
      expect([days('StreamImageQueue'), days('ApplyMetadataQueue')]).toEqual([7, 7]);
      expect([days('FailImportQueue'), days('FailImportDeadQueue')]).toEqual([14, 14]);
    });

    test('the key rotates and leaves who may use it to IAM', () => {
      const key = packaged().properties('Key');
      expect(key['EnableKeyRotation']).toBe(true);
      const { Statement } = key['KeyPolicy'] as { Statement: Record<string, unknown>[] };
      expect(inShort((Statement[0]?.['Principal'] as { AWS: unknown } | undefined)?.AWS)).toContain(':root');
      for (const statement of Statement.slice(1)) expect(statement).toHaveProperty('Condition');
    });
  });
