/**
 * The three kinds of failure (house style, rule 11): the user's input (`UserError`: one clear message with the remedy,
 * no stack), an expected numerical failure (a result with diagnostics, never thrown), and our own bug (any other Error).
 */

/** A mistake in what the user gave us, or in their surroundings. Printed without a stack trace; exit code 1 (or 2 for usage). */
export class UserError extends Error {
  override readonly name = 'UserError';
  constructor(
    message: string,
    /** What to do next, preferably a command. */
    readonly remedy?: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}

/** Thrown when the caller aborted the work (Ctrl-C). Whatever was finished before stays on disk. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  constructor() {
    super('cancelled');
  }
}

/** The message of anything thrown, for one-line reports. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
