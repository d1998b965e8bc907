import { parseArgs } from 'node:util';

export interface Options {
  /** Of everything that is random. */
  readonly seed: number;
  /** Cases whose name contains this, or one of these: `dies|owner`; all when absent. */
  readonly only: string | undefined;
  /** How many storms over single imports, and over several. */
  readonly storms: number;
  readonly severalStorms: number;
  /** How many generated requests; none where only some cases are asked for. */
  readonly requests: number;
  /** So many of the cases beside the storms, by seed; all of them when absent. */
  readonly sample: number | undefined;
  /** Runs at work at a time, in each process. */
  readonly atOnce: number;
  /** At work at a time. */
  readonly processes: number;
  /** Tells of every run, with its calls where it broke a promise. */
  readonly isLoud: boolean;
}

const usage =
  'usage: npm run test:faults [-- [--seed N] [--only NAME] [--runs N] [--requests N] [--short] [--at-once N] [--processes N] [--loud]]';

const whole = { storms: 1500, severalStorms: 500, requests: 100_000 };
const short = { storms: 100, severalStorms: 12, requests: 2000 };
/** Of all other cases, in the short form. */
const shortSample = 60;

const numberOf = (name: string, text: string): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Error(`--${name} must be a number, it is ${text}; ${usage}`);
};

/** @throws Error that names a wrong option */
export const readOptions = (args: readonly string[]): Options => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: text,
      only: text,
      runs: text,
      requests: text,
      'at-once': text,
      processes: text,
      short: flag,
      loud: flag,
    },
  });
  const usual = values.short ? short : whole;
  return {
    seed: numberOf('seed', values.seed ?? '1'),
    only: values.only,
    storms: numberOf('runs', values.runs ?? `${usual.storms}`),
    severalStorms: values.runs === undefined ? usual.severalStorms : Math.ceil(Number(values.runs) / 3),
    requests: numberOf('requests', values.requests ?? `${values.only === undefined ? usual.requests : 0}`),
    sample: values.short ? shortSample : undefined,
    atOnce: numberOf('at-once', values['at-once'] ?? '16'),
    processes: numberOf('processes', values.processes ?? '2'),
    isLoud: values.loud,
  };
};

/** A part of a whole run says nothing about the rest: its table is not for the page. */
export const isWhole = ({ only, sample, storms }: Options): boolean =>
  only === undefined && sample === undefined && storms >= whole.storms;

export const hasAllRequests = ({ requests }: Options): boolean => requests >= whole.requests;

/** So many cases follow each other in one process: its memory holds more. */
const wholeParts = 8;

/** Into how many processes a run is divided. */
export const partsOf = (options: Options): number => (isWhole(options) ? wholeParts : 1);
