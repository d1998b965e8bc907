import {
  batchPauseMs,
  type Changes,
  type Condition,
  type Item,
  type Key,
  mostPerBatch,
  type Table,
} from '../../lib/aws/table.ts';

/** Takes what each call costs, in DynamoDB's units. */
export interface Meter {
  read(units: number, partition: string): void;
  write(units: number, partition: string): void;
}

type Value = unknown;

/** The comparisons and functions of DynamoDB's conditions that the code uses. @throws Error for any other */
const holds = (
  expression: string,
  item: Item | undefined,
  { names = {}, values = {} }: Condition,
): boolean => {
  const value = (word: string): Value => {
    const [, sized] = /^size\((\S+)\)$/.exec(word) ?? [];
    if (sized) return elementsOf(value(sized)).length;
    return word.startsWith(':') ? values[word] : item?.[names[word] ?? word];
  };
  const term = (text: string): boolean => {
    const trimmed = text.trim();
    if (/^\(.*\)$/.test(trimmed)) return either(trimmed.slice(1, -1));
    const [, absent] = /^attribute_not_exists\((\S+)\)$/.exec(trimmed) ?? [];
    if (absent) return value(absent) === undefined;
    const [, present] = /^attribute_exists\((\S+)\)$/.exec(trimmed) ?? [];
    if (present) return value(present) !== undefined;
    const [, among, element = ''] = /^contains\((\S+), (\S+)\)$/.exec(trimmed) ?? [];
    if (among) return elementsOf(value(among)).includes(value(element));
    const [, negated] = /^NOT (.*)$/.exec(trimmed) ?? [];
    if (negated) return !term(negated);
    const [, name, list] = /^(\S+) IN \((.*)\)$/.exec(trimmed) ?? [];
    if (name && list) return list.split(',').some((one) => value(one.trim()) === value(name));
    const [, left, operator, right] = /^(\S+) (=|<) (\S+)$/.exec(trimmed) ?? [];
    if (!left || !right) throw new Error(`the simulation does not know the condition ${text}`);
    const [a, b] = [value(left), value(right)];
    return operator === '=' ? a === b : a !== undefined && Number(a) < Number(b);
  };
  const both = (text: string): boolean => split(text, ' AND ').every(term);
  const either = (text: string): boolean => split(text, ' OR ').some(both);
  return either(expression);
};

/** Splits at a word that stands outside of parentheses. */
const split = (text: string, word: string): string[] => {
  const pieces: string[] = [];
  let [depth, from] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    else if (depth === 0 && text.startsWith(word, at)) {
      pieces.push(text.slice(from, at));
      from = at + word.length;
    }
  }
  return [...pieces, text.slice(from)];
};

const ofCollection = 3; // bytes, beside what is in it
const ofElement = 1;

/**
 * Bytes as DynamoDB counts them: names and values.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
const sizeOf = (value: Value): number => {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number') return 1 + Math.ceil(String(value).length / 2);
  if (typeof value !== 'object' || value === null) return 1;
  let size = ofCollection;
  if (value instanceof Set || Array.isArray(value))
    for (const element of value) size += ofElement + sizeOf(element);
  else for (const name in value) size += ofElement + name.length + sizeOf((value as Item)[name]);
  return size;
};
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html */
const writeUnits = (item: Item | undefined): number => Math.max(1, Math.ceil(sizeOf(item) / 1024));
const readUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 4096));

const elementsOf = (value: Value): readonly unknown[] => (value instanceof Set ? [...value] : []);

const changed = (old: Item | undefined, { set, touch, add = {}, drop = {} }: Changes): Item => {
  const merged: Record<string, unknown> = { ...old, ...set, ...touch };
  for (const [name, elements] of Object.entries(add))
    merged[name] = new Set([...elementsOf(old?.[name]), ...elements]);
  for (const [name, elements] of Object.entries(drop)) {
    const rest = elementsOf(old?.[name]).filter((element) => !elements.has(String(element)));
    merged[name] = rest.length > 0 ? new Set(rest) : undefined;
  }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
};

/**
 * The imports table in memory, with its real conditions, telling a meter what each call costs.
 * @param sleep passes virtual seconds, where the real table waits
 */
export const createMemoryTable = (meter: Meter, sleep: (seconds: number) => Promise<void>): Table => {
  const subjects = new Map<string, Map<string, Item>>();
  const of = (subject: string): Map<string, Item> => {
    const found = subjects.get(subject) ?? new Map<string, Item>();
    subjects.set(subject, found);
    return found;
  };

  const write = (
    key: Key,
    condition: Condition | undefined,
    change: (old: Item | undefined) => Item | undefined,
  ) => {
    const items = of(key.subject);
    const old = items.get(key.item);
    const isAllowed = !condition || holds(condition.expression, old, condition);
    const next = isAllowed ? change(old) : old;
    meter.write(writeUnits(next ?? old), key.subject);
    if (isAllowed && next) items.set(key.item, next);
    else if (isAllowed) items.delete(key.item);
    return Promise.resolve(isAllowed);
  };

  const select = (subject: string, isWanted: (item: string) => boolean): readonly Item[] => {
    const found = [...of(subject)].filter(([item]) => isWanted(item)).sort(([a], [b]) => (a < b ? -1 : 1));
    const items = found.map(([, item]) => item);
    meter.read(readUnits(items.reduce((sum, item) => sum + sizeOf(item), 0)), subject);
    return items;
  };

  return {
    get: ({ subject, item }) => {
      const found = of(subject).get(item);
      meter.read(readUnits(sizeOf(found)), subject);
      return Promise.resolve(found);
    },
    put: (key, item, condition) => write(key, condition, () => ({ ...item, ...key })),
    update: (key, attributes, condition) =>
      write(key, condition, (old) => ({ ...changed(old, { set: attributes }), ...key })),
    change: async (key, changes, condition) => {
      const isDone = await write(key, condition, (old) => ({ ...changed(old, changes), ...key }));
      return isDone ? of(key.subject).get(key.item) : undefined;
    },
    remove: (key, condition) => write(key, condition, () => undefined),
    removeAll: async (subject, items) => {
      for (const [index, item] of items.entries()) {
        if (index > 0 && index % mostPerBatch === 0) await sleep(batchPauseMs / 1000);
        await write({ subject, item }, undefined, () => undefined);
      }
    },
    scan: async function* () {
      yield [...subjects.values()].flatMap((items) => [...items.values()]);
    },
    query: (subject, prefix) => Promise.resolve(select(subject, (item) => item.startsWith(prefix))),
    queryBetween: (subject, from, to) =>
      Promise.resolve(select(subject, (item) => item >= from && item <= to)),
  };
};
