import { FerryError } from '../../errors.ts';

/** @throws FerryError `bad-request`; the reason of JSON.parse would quote what may be anything */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new FerryError('bad-request', 'The event is not JSON');
  }
};

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
