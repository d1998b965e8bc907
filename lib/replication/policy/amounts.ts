const secondsMs = 1000;
const units: Readonly<Record<string, number>> = {
  s: secondsMs,
  m: 60 * secondsMs,
  h: 3600 * secondsMs,
  d: 86_400 * secondsMs,
  w: 7 * 86_400 * secondsMs,
};

/** ms of `45s`, `30m`, `1h`, `7d`, `2w`. */
export const durationMs = (text: string): number =>
  Number(text.slice(0, -1)) * (units[text.slice(-1)] ?? Number.NaN);

const powers = 'BKMGTP';

/** Bytes of `500GB` (thousands), `1TiB` (1024s), or of a number. */
export const sizeBytes = (size: string | number): number => {
  if (typeof size === 'number') return size;
  const digits = /^[0-9]{1,15}/.exec(size)?.[0] ?? '';
  const unit = size.slice(digits.length).trim();
  return Number(digits) * (unit.includes('i') ? 1024 : 1000) ** powers.indexOf(unit.charAt(0));
};
