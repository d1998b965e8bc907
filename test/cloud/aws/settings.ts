import type { S3Limits } from './s3/limits.ts';

/** Ports of the local AWS on 127.0.0.1; 0 takes a free one. */
export interface AwsPorts {
  readonly sqs: number;
  readonly s3: number;
  readonly dynamodb: number;
  readonly secretsManager: number;
  readonly eventBridge: number;
}

export interface AwsSettings {
  /** Where the objects of S3 lie as files. */
  readonly dataDir: string;
  readonly ports: AwsPorts;
  readonly region: string;
  /** Seconds; instead of what serverless.yml gives each queue, so that a crash need not wait for 15 minutes. */
  readonly visibilityS?: number | undefined;
  /** Where S3 has others than AWS. */
  readonly s3Limits?: Partial<S3Limits>;
}
