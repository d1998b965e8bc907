/** Characters of a caller's input that an answer repeats at most: a name of a megabyte must not make an answer of seven. */
const longest = 255;

/** JSON, as far as it can be written: `JSON.parse` takes lists within lists of any depth, `JSON.stringify` does not. */
const written = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return 'something nested too deeply to be shown';
  }
};

/** What a caller sent, to be quoted in a message: text as it is, anything else as JSON, at most 255 characters of it. */
export const echo = (value: unknown): string => {
  const text = typeof value === 'string' ? value : written(value);
  return text.length <= longest ? text : `${text.slice(0, longest - 1).toWellFormed()}…`;
};
