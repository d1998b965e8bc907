import { awsRequestHandler } from './connections.ts';

/** How long a service may be silent, and how often it is asked. */
export interface Patience {
  /** Without an answer for so long a connection counts as dead. */
  readonly silenceMs: number;
  readonly maxAttempts: number;
}

/**
 * Of a function that somebody waits for: it has 29 s in all (serverless.yml), and must still be able to take back what
 * it has begun.
 */
export const hasty: Patience = { silenceMs: 3_000, maxAttempts: 3 };

/** As the SDK's clients take it. */
export const patienceOf = ({ silenceMs, maxAttempts }: Patience) => ({
  maxAttempts,
  requestHandler: { ...awsRequestHandler(silenceMs), connectionTimeout: silenceMs },
});
