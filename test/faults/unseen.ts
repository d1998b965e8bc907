import { type Call, nameOf } from './call-log.ts';

/** Kinds of imports make many calls alike, and so do segments: one of a sort is enough where only one call goes wrong. */
export const createUnseen = () => {
  const seen = new Set<string>();
  return (call: Call): boolean => {
    const sort = nameOf({ ...call, invocation: Math.min(call.invocation, 2) });
    const isNew = !seen.has(sort);
    seen.add(sort);
    return isNew;
  };
};
