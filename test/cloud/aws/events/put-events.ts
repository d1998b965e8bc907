import { randomUUID } from 'node:crypto';

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html

/** As a rule matches it, and as its target gets it. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601 in whole seconds. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** One of a request; names are the service's. */
export interface PutEntry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly EventBusName?: string;
  /** Seconds since 1970. */
  readonly Time?: number;
  readonly Resources?: readonly string[];
}

interface FailedEntry {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** A request that is refused as a whole. */
export interface Refusal {
  readonly type: string;
  readonly message: string;
}

const mostEntries = 10;
/** Of all entries together. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
const mostBytes = 256 * 1024;
const timeBytes = 14;

const bytesOf = ({ Source = '', DetailType = '', Detail = '', Time, Resources = [] }: PutEntry): number =>
  [Source, DetailType, Detail, ...Resources].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    Time === undefined ? 0 : timeBytes,
  );

const tooMany = (count: number) =>
  `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${
    count === 0 ? 'greater than or equal to 1' : `less than or equal to ${mostEntries}`
  }`;

/** What is wrong with a request as a whole. */
export const refusalOf = (entries: readonly PutEntry[]): Refusal | undefined => {
  const refused = (message: string): Refusal => ({ type: 'ValidationException', message });
  if (entries.length === 0 || entries.length > mostEntries) return refused(tooMany(entries.length));
  const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  return bytes > mostBytes
    ? refused('Total size of the entries in the request is over the limit.')
    : undefined;
};

const detailIn = (text: string): BusEvent['detail'] | undefined => {
  try {
    const detail: unknown = JSON.parse(text);
    const isObject = typeof detail === 'object' && detail !== null && !Array.isArray(detail);
    return isObject ? (detail as BusEvent['detail']) : undefined;
  } catch {
    return undefined;
  }
};

const missing = (name: string): FailedEntry => ({
  ErrorCode: 'InvalidArgument',
  ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
});

/** An entry as an event of the bus, or why it is none; others of its request are taken all the same. */
export const eventOf = (entry: PutEntry, region: string, account: string): BusEvent | FailedEntry => {
  const { Source: source, DetailType, Detail, Time, Resources = [] } = entry;
  if (!source) return missing('Source');
  if (!DetailType) return missing('DetailType');
  if (!Detail) return missing('Detail');
  if (source.startsWith('aws.'))
    return {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    };
  const detail = detailIn(Detail);
  if (!detail) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const at = new Date(Time === undefined ? Date.now() : Time * 1000);
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': DetailType,
    source,
    account,
    time: at.toISOString().replace(/\.\d+Z/, 'Z'),
    region,
    resources: Resources,
    detail,
  };
};

export const isFailed = (made: BusEvent | FailedEntry): made is FailedEntry => 'ErrorCode' in made;

/** `default` when absent; an ARN ends with the name. */
export const busOf = ({ EventBusName = 'default' }: Pick<PutEntry, 'EventBusName'>): string =>
  EventBusName.split('/').at(-1) ?? EventBusName;
