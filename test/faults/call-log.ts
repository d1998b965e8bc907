/** A call that a function makes to a service. */
export interface Call {
  /** The function that makes it, and its how manieth invocation in this run. */
  readonly step: string;
  readonly invocation: number;
  readonly service: Service;
  readonly operation: string;
  /** 1 for the first call of this operation in this invocation. */
  readonly occurrence: number;
}

export type Service =
  | 'keystone'
  /** Of the other cloud, which knows nothing of the first one. */
  | 'other keystone'
  | 'source'
  | 'target'
  | 's3'
  | 'sqs'
  | 'dynamodb'
  | 'secretsmanager'
  | 'events'
  | 'web';

/** The calls of one run, in their order. */
export interface CallLog {
  readonly calls: readonly Call[];
  add(call: Omit<Call, 'occurrence'>): Call;
}

/** `stream-image 1: s3 UploadPart 2`: names a call so that it is found again in another run of the same import. */
export const nameOf = ({ step, invocation, service, operation, occurrence }: Call): string =>
  `${step} ${invocation}: ${service} ${operation} ${occurrence}`;

export const createCallLog = (): CallLog => {
  const calls: Call[] = [];
  const counts = new Map<string, number>();
  return {
    calls,
    add: (made) => {
      const key = nameOf({ ...made, occurrence: 0 });
      const occurrence = (counts.get(key) ?? 0) + 1;
      counts.set(key, occurrence);
      const call = { ...made, occurrence };
      calls.push(call);
      return call;
    },
  };
};
