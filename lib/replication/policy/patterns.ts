/** Whether a text is as a pattern says: `*` stands for any characters, `?` for one. Takes time by both lengths at most. */
export const matches = (pattern: string, text: string): boolean => {
  let [at, inText] = [0, 0];
  // Where the last star stands, and up to where in the text it reaches.
  let [star, reach] = [-1, 0];
  while (inText < text.length) {
    if (pattern[at] === '*') {
      [star, reach] = [at, inText];
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[inText])) {
      at += 1;
      inText += 1;
    } else if (star >= 0) {
      reach += 1;
      [at, inText] = [star + 1, reach];
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
};

/** The last pattern that matches decides: `!` before one takes out what an earlier one has taken in. */
export const isListed = (patterns: readonly string[], text: string): boolean => {
  const last = patterns.findLast((pattern) => matches(pattern.replace(/^!/, ''), text));
  return last !== undefined && !last.startsWith('!');
};
