/** What a verb prints, kept instead of shown. Import it in a test file and every test starts with nothing printed. */
import { afterEach, beforeEach, vi } from 'vitest';

export const printed = { out: '', err: '' };

beforeEach(() => {
  Object.assign(printed, { out: '', err: '' });
  for (const [stream, kept] of [
    [process.stdout, 'out'],
    [process.stderr, 'err'],
  ] as const) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed[kept] += text;
      return true;
    });
  }
});
afterEach(() => vi.restoreAllMocks());
