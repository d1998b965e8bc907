import type { Service } from './call-log.ts';

/** An HTTP request as far as its operation is read from it. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: ReadonlySet<string>;
  readonly target: string | undefined;
  readonly body: unknown;
}

const s3Operations: readonly (readonly [method: string, query: string, name: string])[] = [
  ['POST', 'uploads', 'CreateMultipartUpload'],
  ['POST', 'uploadId', 'CompleteMultipartUpload'],
  ['POST', 'delete', 'DeleteObjects'],
  ['PUT', 'uploadId', 'UploadPart'],
  ['DELETE', 'uploadId', 'AbortMultipartUpload'],
  ['GET', 'uploads', 'ListMultipartUploads'],
  ['GET', 'uploadId', 'ListParts'],
  ['GET', 'list-type', 'ListObjectsV2'],
  ['PUT', '', 'PutObject'],
  ['DELETE', '', 'DeleteObject'],
  ['HEAD', '', 'HeadObject'],
  ['GET', '', 'GetObject'],
];

const s3Operation = ({ method, query }: HttpRequest): string =>
  s3Operations.find(([of, parameter]) => of === method && (parameter === '' || query.has(parameter)))?.[2] ??
  method;

/** Paths of Glance and Keystone, by what comes after the image's id. */
const openstackOperation = ({ method, path }: HttpRequest): string => {
  const [, tail] = /^\/v2\/images\/[^/]+\/?([^/?]*)/.exec(path) ?? [];
  if (tail !== undefined) return `${method} ${tail || 'image'}`;
  return `${method} ${path.split('?')[0]?.split('/').at(-1)}`;
};

/** Every UUID and every copy's id in a text: what a message or a key is about. */
export const idsIn = (text: string): readonly string[] =>
  text.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}/g) ?? [];

/** A body of the SDK's, which is bytes or a string. */
export const textOf = (body: unknown): string =>
  body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body ?? '');

interface AwsBody {
  readonly Key?: { readonly item?: { readonly S?: string } };
  readonly Item?: { readonly item?: { readonly S?: string } };
}

/** `claim`, `task`, `copy`, `part` or `seat`: what an item of the table is. */
const itemOf = (body: unknown): string => {
  const { Key, Item } = JSON.parse(textOf(body) || '{}') as AwsBody;
  const item = (Key ?? Item)?.item?.S ?? '';
  return item.replace(/#.*/, '');
};

/** Of SQS and DynamoDB: the operation stands in a header. */
const awsOperation = ({ target = '', body }: HttpRequest): string =>
  [target.split('.').at(-1), itemOf(body)].filter((word) => word !== '').join(' ');

interface EventsBody {
  readonly Entries?: readonly { readonly Detail?: string }[];
}

/** `PutEvents success`: each event is of one import's new state. */
const eventsOperation = ({ target = '', body }: HttpRequest): string => {
  const { Entries: [entry] = [] } = JSON.parse(textOf(body) || '{}') as EventsBody;
  const { state = '' } = JSON.parse(entry?.Detail ?? '{}') as { readonly state?: string };
  return `${target.split('.').at(-1)} ${state}`;
};

/** The name of a request's operation, such as `UploadPart`, `PATCH image` or `UpdateItem claim`. */
export const operationOf = (service: Service, request: HttpRequest): string => {
  if (service === 's3') return s3Operation(request);
  if (service === 'sqs' || service === 'dynamodb' || service === 'secretsmanager')
    return awsOperation(request);
  if (service === 'events') return eventsOperation(request);
  if (service === 'web') return `${request.method} page`;
  return openstackOperation(request);
};
