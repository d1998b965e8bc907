import { InvalidArgumentError } from 'commander';
import { refusalOfProperties } from '../../lib/replication/policy/settable.ts';
import type { Visibility } from '../../lib/replication/record/image-facts.ts';

/** What every command takes. */
export interface CommonOptions {
  /** An entry of clouds.yaml; else OS_CLOUD, else the variables of an openrc. */
  readonly osCloud?: string;
  /** Of this deployment; else GLANCE_FERRY_URL, else the catalog's `image-import`. */
  readonly url?: string;
  /** Results as JSON. */
  readonly json?: boolean;
}

/** What the commands take that ask about an image's copies. */
export interface CopiesOptions extends CommonOptions {
  readonly to: readonly string[];
  readonly from?: string;
  /** ms. */
  readonly timeout?: number;
}

/** What `copy` and `wait` take to say what a copy is to be. */
export interface WantedOptions {
  readonly id?: 'same';
  readonly name?: string;
  readonly visibility?: Visibility | 'source';
  readonly property?: Readonly<Record<string, string>>;
  readonly retireOlder?: boolean;
}

const dayMs = 86_400_000;
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: dayMs };

/** Whole days that a timer of Node can run: one of more than 2^31 - 1 ms ends at once. */
const longestDays = 24;

/** `90`, `90s`, `30m`, `2h` or `1d`, in ms. @throws InvalidArgumentError, which names the option */
export const duration = (text: string): number => {
  const [, number, unit = 's'] = /^(\d{1,9}(?:\.\d{1,3})?)([smhd]?)$/.exec(text) ?? [];
  const ms = Number(number) * (unitMs[unit || 's'] ?? Number.NaN);
  if (!(ms > 0 && ms <= longestDays * dayMs))
    throw new InvalidArgumentError(`It is a time such as 90s, 30m or 2h, at most ${longestDays}d.`);
  return ms;
};

/** `A,B`, and again: `--to A --to B`. @throws InvalidArgumentError for none */
export const names = (text: string, before: readonly string[] = []): readonly string[] => {
  const found = text.split(',').map((name) => name.trim());
  if (found.some((name) => name === '')) throw new InvalidArgumentError('It is a list of names: A,B.');
  return [...new Set([...before, ...found])];
};

/** `name=value`, and again. @throws InvalidArgumentError */
export const property = (
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => {
  const end = text.indexOf('=');
  if (end < 1) throw new InvalidArgumentError('It is a property: name=value.');
  const set = { [text.slice(0, end)]: text.slice(end + 1) };
  const refusal = refusalOfProperties(set);
  if (refusal !== undefined) throw new InvalidArgumentError(`${refusal}.`);
  return { ...before, ...set };
};
