import type { Making } from '../../state/refs.ts';

/** Where all relay objects lie. */
export const copiesPrefix = 'copies/';

/** Of a copy's object, and of the upload that it is made of: each making has its own, so none meets what another has left. */
export const objectKey = ({ copyId, generation }: Making): string => `${copiesPrefix}${copyId}/${generation}`;
