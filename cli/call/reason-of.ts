import { FerryError } from '../../lib/errors.ts';
import { WrongUse } from './io.ts';

/** What is told of an error: of a mistake of our own all that helps to find it. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof FerryError) return error.explanation;
  if (error instanceof WrongUse) return error.message;
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return 'The time of --timeout has passed';
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};
