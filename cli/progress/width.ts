// How much room a text takes on a terminal: names of regions and images may be in any script.

/** East Asian Wide and Fullwidth, and what terminals show as wide emoji (Unicode, UAX #11). */
const wide =
  /^[\u1100-\u115f\u231a\u231b\u2329\u232a\u23e9-\u23ec\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f1e6}-\u{1f1ff}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u;
/** Takes no room of its own. */
const joined = /^[\p{Mark}\p{Format}]+$/u;
/** Moves a cursor, breaks a line, or turns the text round. */
const unprintable =
  /[\p{Control}\p{Line_Separator}\p{Paragraph_Separator}\p{Surrogate}\u202a-\u202e\u2066-\u2069]/gu;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

const widthOfOne = (grapheme: string): number => {
  if (joined.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
};

/** A text on one line, without anything that a terminal would obey. */
export const printable = (text: string): string => text.replace(unprintable, '\ufffd');

/** Columns of a printable text. */
export const widthOf = (text: string): number => {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfOne(segment);
  return width;
};

/** The beginning of a printable text that has room, with `…` where something was left out. */
export const cut = (text: string, room: number): string => {
  if (widthOf(text) <= room) return text;
  let [kept, width] = ['', 0];
  for (const { segment } of graphemes.segment(text)) {
    width += widthOfOne(segment);
    if (width > room - 1) break;
    kept += segment;
  }
  return room > 0 ? `${kept}…` : '';
};

/** Exactly so many columns: cut, or filled with blanks at its end, or at its beginning for `end`. */
export const fill = (text: string, room: number, align: 'start' | 'end' = 'start'): string => {
  const shown = cut(text, room);
  const blanks = ' '.repeat(Math.max(0, room - widthOf(shown)));
  return align === 'start' ? `${shown}${blanks}` : `${blanks}${shown}`;
};
