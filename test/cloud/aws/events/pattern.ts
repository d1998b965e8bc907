// Event patterns of EventBridge, as far as a rule here may need them.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

/** What a rule asks of an event: for each field a list of which one must hold, or the fields within it. */
export type EventPattern = JsonObject;

type Test = (value: Json) => boolean;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textThat =
  (holds: (text: string) => boolean): Test =>
  (value) =>
    typeof value === 'string' && holds(value);

const comparisons: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '=': (value, limit) => value === limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
};

/** `['>', 0, '<=', 5]` */
const numeric = (words: readonly Json[]): Test => {
  const tests = Array.from({ length: Math.ceil(words.length / 2) }, (_, at) => {
    const compare = comparisons[String(words[2 * at])];
    const limit = words[2 * at + 1];
    if (!compare || typeof limit !== 'number')
      throw new Error(`Not a numeric filter: ${JSON.stringify(words)}`);
    return (value: number) => compare(value, limit);
  });
  return (value) => typeof value === 'number' && tests.every((holds) => holds(value));
};

const escaped = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');

const filters: Readonly<Record<string, (argument: Json) => Test>> = {
  prefix: (start) => textThat((text) => text.startsWith(String(start))),
  suffix: (end) => textThat((text) => text.endsWith(String(end))),
  wildcard: (shape) => {
    const pattern = new RegExp(`^${String(shape).split('*').map(escaped).join('.*')}$`, 's');
    return textThat((text) => pattern.test(text));
  },
  'equals-ignore-case': (other) => textThat((text) => text.toLowerCase() === String(other).toLowerCase()),
  'anything-but': (refused) => {
    const tests = (Array.isArray(refused) ? refused : [refused]).map(testOf);
    return (value) => !tests.some((holds) => holds(value));
  },
  numeric: (words) => numeric(Array.isArray(words) ? words : [words]),
};

/** @throws Error for a filter that is not known here */
const testOf = (alternative: Json): Test => {
  if (!isObject(alternative)) return (value) => value === alternative;
  const [[name = '', argument = null] = [], ...more] = Object.entries(alternative);
  const filter = filters[name];
  if (!filter || more.length > 0) throw new Error(`Not a filter: ${JSON.stringify(alternative)}`);
  return filter(argument);
};

const existsIn = (alternative: Json): boolean | undefined =>
  isObject(alternative) && typeof alternative['exists'] === 'boolean' ? alternative['exists'] : undefined;

type Match = (value: Json | undefined) => boolean;

/** Of a list in an event one must match; `exists` asks for no value. */
const matchLeaf = (alternatives: readonly Json[]): Match => {
  const presences = alternatives.map(existsIn);
  const tests = alternatives.filter((one) => existsIn(one) === undefined).map(testOf);
  return (value) => {
    if (value === undefined) return presences.includes(false);
    const values = Array.isArray(value) ? value : [value];
    const isLeaf = !values.some(isObject);
    return (isLeaf && presences.includes(true)) || values.some((one) => tests.some((holds) => holds(one)));
  };
};

const matchObject = (pattern: EventPattern): Match => {
  const fields = Object.entries(pattern).map(([name, asked]) => [name, matchOf(asked)] as const);
  return (value) => {
    const event = isObject(value) ? value : {};
    return fields.every(([name, matches]) => matches(event[name]));
  };
};

const matchOf = (asked: Json): Match => {
  if (Array.isArray(asked)) return matchLeaf(asked);
  if (isObject(asked)) return matchObject(asked);
  throw new Error(`Not a pattern: ${JSON.stringify(asked)} is neither a list nor an object`);
};

/**
 * Exact values, prefix, suffix, wildcard, equals-ignore-case, anything-but, exists and numeric; not cidr and $or.
 * @returns whether an event matches
 * @throws Error for a pattern that EventBridge, or this emulation, would not take
 */
export const eventMatcher = (pattern: EventPattern): ((event: object) => boolean) => {
  const matches = matchObject(pattern);
  return (event) => matches(event as JsonObject);
};
