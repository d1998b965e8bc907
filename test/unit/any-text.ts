import fc from 'fast-check';

/**
 * Any code point but half a surrogate pair. fast-check's own (`unit: 'binary'`) lists all 1 112 064 of them first.
 */
const codePoint = fc.oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }));
const character = codePoint.map((point) => String.fromCodePoint(point));

/** Lengths are in code points. */
export const anyText = (lengths: { readonly minLength?: number; readonly maxLength?: number } = {}) =>
  fc.string({ ...lengths, unit: character });
