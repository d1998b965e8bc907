import type { Call, Service } from './call-log.ts';

/** What goes wrong with one call. */
export type Fault =
  /** This answer instead of the service's own; nothing is done. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The connection breaks before anything is done. */
  | { readonly kind: 'reset' }
  /** The client's own error after its longest wait. Whether the service has done its work nobody knows: it has not. */
  | { readonly kind: 'timeout' }
  /** The work is done, the connection breaks instead of an answer. */
  | { readonly kind: 'lost answer' }
  /** What an earlier call of the same kind was answered: a replica that is behind. Without one, the truth. */
  | { readonly kind: 'stale' }
  /** The body of the answer is another one, or comes otherwise. */
  | { readonly kind: 'bent'; readonly how: Bend };

export type Bend =
  | 'cut in the middle'
  | 'short'
  | 'long'
  | 'a flipped byte'
  | 'wrong range'
  | 'range ignored'
  | 'no length'
  | 'stalls'
  | 'drips';

export interface NamedFault {
  readonly name: string;
  readonly fault: Fault;
}

const json = (body: object) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** An error in the form of its service: S3's XML, the `__type` of SQS and DynamoDB, Glance's and Keystone's JSON. */
const refusal = (
  { service, operation }: Call,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Fault => {
  if (service === 's3') {
    const body = operation.startsWith('Head')
      ? ''
      : `<Error><Code>${code}</Code><Message>planned</Message></Error>`;
    return { kind: 'answer', status, headers: { 'content-type': 'application/xml', ...headers }, body };
  }
  // The SDK would take Glance's `code` for the error's name.
  const named = isAws(service) ? { __type: `com.amazonaws.${service}#${code}` } : { code: status };
  const made = json({ ...named, message: 'planned' });
  return { kind: 'answer', status, body: made.body, headers: { ...made.headers, ...headers } };
};

const isAws = (service: Service): boolean =>
  ['s3', 'sqs', 'dynamodb', 'secretsmanager', 'events'].includes(service);

const throttled = (call: Call): Fault =>
  call.service === 's3'
    ? refusal(call, 503, 'SlowDown')
    : refusal(call, 400, call.service === 'sqs' ? 'RequestThrottled' : 'ThrottlingException');

const denied = (call: Call): Fault =>
  refusal(
    call,
    call.service === 's3' || !isAws(call.service) ? 403 : 400,
    call.service === 's3' ? 'AccessDenied' : 'AccessDeniedException',
  );

/** What Keystone and both Glances say in JSON. */
const isJson = ({ operation }: Call): boolean =>
  /^(GET|PATCH|POST)/.test(operation) && !['GET file', 'GET page'].includes(operation);

/** The page of somebody in between, who has not understood the question. */
const page: Fault = {
  kind: 'answer',
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: '<html>Sign in</html>',
};

const brokenJson: readonly NamedFault[] = [
  {
    name: 'a broken JSON',
    fault: { kind: 'answer', status: 200, ...json({}), body: '{"id": "' },
  },
  { name: 'HTML instead of JSON', fault: page },
];

/** What another store's node does not know yet. */
const absent = (call: Call): readonly NamedFault[] => {
  const name = 'absent for a moment';
  if (['GetObject', 'HeadObject'].includes(call.operation))
    return [{ name, fault: refusal(call, 404, 'NoSuchKey') }];
  return ['UploadPart', 'CompleteMultipartUpload', 'ListParts'].includes(call.operation)
    ? [{ name, fault: refusal(call, 404, 'NoSuchUpload') }]
    : [];
};

/** An answer that is 200, and says that the event was not taken. */
const untaken = ({ service }: Call): readonly NamedFault[] => {
  const entry = { ErrorCode: 'InternalFailure', ErrorMessage: 'planned' };
  const body = json({ FailedEntryCount: 1, Entries: [entry] });
  return service === 'events'
    ? [{ name: '200 with a failed entry', fault: { kind: 'answer', status: 200, ...body } }]
    : [];
};

const retryAfter = { 'retry-after': '1' };
/** Each alone, and with the time after which to come again. */
const busy = (call: Call): readonly NamedFault[] =>
  (
    [
      [429, 'TooManyRequests'],
      [500, 'InternalError'],
      [503, 'ServiceUnavailable'],
    ] as const
  ).flatMap(([status, code]) => [
    { name: `${status}`, fault: refusal(call, status, code) },
    { name: `${status}, Retry-After`, fault: refusal(call, status, code, retryAfter) },
  ]);

/** Faults that another try mends: an import must come to its end through any one of them. */
export const passingFaults = (call: Call): readonly NamedFault[] => [
  ...busy(call),
  { name: 'reset', fault: { kind: 'reset' } },
  { name: 'timeout', fault: { kind: 'timeout' } },
  { name: 'lost answer', fault: { kind: 'lost answer' } },
  ...(isAws(call.service) ? [{ name: 'throttled', fault: throttled(call) }] : isJson(call) ? brokenJson : []),
  ...(call.operation === 'PUT file' ? [{ name: 'HTML instead of 204', fault: page }] : []),
  ...(call.operation === 'CompleteMultipartUpload'
    ? [{ name: '200 with an error inside', fault: refusal(call, 200, 'InternalError') }]
    : []),
  ...(call.operation === 'GET image' ? [{ name: 'stale', fault: { kind: 'stale' } } as const] : []),
  ...absent(call),
  ...untaken(call),
];

const emptyList = (element: string): Fault => ({
  kind: 'answer',
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: `<${element}><IsTruncated>false</IsTruncated></${element}>`,
});
const lists: Readonly<Record<string, string>> = {
  ListMultipartUploads: 'ListMultipartUploadsResult',
  ListObjectsV2: 'ListBucketResult',
};

/** Faults that pass, and beside which another one may leave something for sweep-imports. */
export const singleFaults = ({ operation }: Call): readonly NamedFault[] => {
  const element = lists[operation];
  return element ? [{ name: 'a listing that is behind', fault: emptyList(element) }] : [];
};

const secretFaults = (call: Call): readonly NamedFault[] => [
  { name: 'no such secret', fault: refusal(call, 400, 'ResourceNotFoundException') },
  {
    name: 'a secret of another form',
    fault: { kind: 'answer', status: 200, ...json({ SecretString: 'neither JSON nor a key' }) },
  },
];

/** Faults that may end an import, if it says so; once, for one call. */
export const finalFaults = (call: Call): readonly NamedFault[] => [
  ...(call.service === 'secretsmanager' ? secretFaults(call) : []),
  { name: 'access denied', fault: denied(call) },
  // A target that is gone has nothing to be rolled back, so one that only seems gone keeps what it has.
  ...(isAws(call.service) || (call.step === 'fail-import' && call.service === 'target')
    ? []
    : [{ name: '404', fault: refusal(call, 404, 'NotFound') }]),
  ...(isAws(call.service) ? [] : [{ name: '401', fault: refusal(call, 401, 'Unauthorized') }]),
  ...(call.service === 'target'
    ? [
        { name: '409', fault: refusal(call, 409, 'Conflict') },
        { name: '413', fault: refusal(call, 413, 'TooLarge') },
        ...(call.operation === 'PUT file' ? [{ name: '410', fault: refusal(call, 410, 'Gone') }] : []),
      ]
    : []),
];

const bent = (how: Bend): NamedFault => ({ name: how, fault: { kind: 'bent', how } });

/** Ways in which a source's data may come that tell nothing else than the truth, sooner or later. */
export const rightData: readonly NamedFault[] = (
  ['cut in the middle', 'range ignored', 'no length', 'stalls', 'drips'] as const
).map(bent);

/** What a source's data may look like that is none. */
export const wrongData: readonly NamedFault[] = [
  ...(['short', 'long', 'a flipped byte', 'wrong range'] as const).map(bent),
  { name: 'HTML instead of data', fault: page },
  { name: '416', fault: { kind: 'answer', status: 416 } },
];
