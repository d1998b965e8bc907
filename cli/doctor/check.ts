import { reasonOf } from '../call/reason-of.ts';

/** What a look has found. */
export interface Finding {
  /** `note`: it works, but not everything. */
  readonly state: 'fine' | 'note' | 'wrong';
  /** What is fine; or what is wrong, and what to do. */
  readonly says: string;
}

/** One line of the doctor's. */
export interface Check extends Finding {
  /** Empty for what concerns all. */
  readonly region: string;
  readonly what: string;
}

export const fine = (says: string): Finding => ({ state: 'fine', says });
export const note = (says: string): Finding => ({ state: 'note', says });
export const wrong = (says: string): Finding => ({ state: 'wrong', says });

/** Looks at one thing; an error is what is wrong. @param advice what to do then */
export const check = async (
  region: string,
  what: string,
  advice: string,
  look: () => Promise<Finding>,
): Promise<Check> => {
  try {
    return { region, what, ...(await look()) };
  } catch (error) {
    return { region, what, ...wrong(`${reasonOf(error)}${advice && `: ${advice}`}`) };
  }
};
