/** fauxqs' account. */
export const accountId = '000000000000';

/** Not the URL fauxqs answers with: its host, sqs.<region>.localhost, does not resolve. */
export const queueUrl = (endpoint: string, name: string): string => `${endpoint}/${accountId}/${name}`;

export const queueArn = (region: string, name: string): string =>
  `arn:aws:sqs:${region}:${accountId}:${name}`;
