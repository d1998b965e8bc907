// AWS's list prices of us-east-1, USD, 2026; on demand, without free tiers.
// https://aws.amazon.com/{s3,dynamodb,sqs,eventbridge,lambda,api-gateway,ec2}/pricing/
const million = 1e6;
export const gigabyte = 1e9;

export const prices = {
  /** PUT, POST, COPY and LIST, each. DELETE and abort are free. */
  s3Write: 0.005 / 1000,
  s3Read: 0.0004 / 1000,
  /** GB for a month. */
  s3Storage: 0.023,
  dynamoWriteUnit: 0.625 / million,
  dynamoReadUnit: 0.125 / million,
  sqsRequest: 0.4 / million,
  /** An event of one's own, of up to 64 KB. */
  event: 1 / million,
  /** HTTP API. */
  apiRequest: 1 / million,
  lambdaRequest: 0.2 / million,
  /** arm64, GB and second. */
  lambdaGbS: 0.0000133334,
  /** GB out of AWS to the internet, first 10 TB of a month. */
  egress: 0.09,
} as const;

export const memoryGb = { http: 0.5, stream: 1769 / 1024, apply: 1 } as const;
