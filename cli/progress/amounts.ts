const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `0 B`, `512 MiB`, `1.5 GiB`: at most seven characters below 1000 PiB. */
export const bytesText = (bytes: number): string => {
  let [value, unit] = [Math.max(0, bytes), 0];
  // What would be rounded to 1000 and more of a unit is some of the next one.
  while (Math.round(value) >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${units[unit]}`;
};

export const speedText = (bytesPerSecond: number): string => `${bytesText(bytesPerSecond)}/s`;

/** `0:07`, `12:05`, `3 h 05`, `2 d 4 h`. */
export const timeText = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number: number): string => String(number).padStart(2, '0');
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3600)];
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  if (hours < 48) return `${hours} h ${two(minutes % 60)}`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
};
