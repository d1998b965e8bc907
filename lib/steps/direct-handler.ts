import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { log } from '../log.ts';
import { createDeadline } from './deadline.ts';

/**
 * The stack of a function that is invoked directly, by a schedule or by hand.
 * @param deadlineReserveS seconds before the function's end at which its signal aborts
 */
export const directHandler = <T>(
  deadlineReserveS: number,
  run: (event: unknown, options: { readonly signal: AbortSignal }) => Promise<T>,
) =>
  middy<unknown, T>()
    // An event may hold the caller's token, whatever POWERTOOLS_LOGGER_LOG_EVENT says.
    .use(injectLambdaContext(log, { resetKeys: true, logEvent: false }))
    .handler(async (event, context) => {
      const deadline = createDeadline(context, deadlineReserveS);
      try {
        return await run(event, deadline);
      } finally {
        deadline.close();
      }
    });
