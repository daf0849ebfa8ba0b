/** Progress for people, on stderr: bars on a terminal, plain lines elsewhere. stdout stays free for data. */
import type { ProgressEvent } from '../base/context.js';

const BAR_WIDTH = 28;
/** Redraws per second on a terminal; more only flickers. */
const MAX_REDRAWS_HZ = 12;
/** Without a terminal a line is written at most this often, so that logs stay readable. */
const PLAIN_LINE_INTERVAL_MS = 10_000;

export interface ProgressView {
  onEvent(event: ProgressEvent): void;
  /** Clears an unfinished bar before other output. */
  close(): void;
}

export function createProgressView(stream: NodeJS.WriteStream, quiet: boolean): ProgressView {
  if (quiet) return { onEvent: () => {}, close: () => {} };
  return stream.isTTY ? new TerminalView(stream) : new PlainView(stream);
}

function formatSeconds(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function endLine(event: Extract<ProgressEvent, { kind: 'stage-end' }>): string {
  return `${event.stage.padEnd(9)} ${event.cached ? 'kept' : formatSeconds(event.seconds)}\n`;
}

function warningLine(event: Extract<ProgressEvent, { kind: 'warning' }>): string {
  return `  warning (${event.stage}, ${event.code}): ${event.message}\n`;
}

class PlainView implements ProgressView {
  private lastLineMs = 0;
  constructor(private readonly stream: NodeJS.WriteStream) {}

  onEvent(event: ProgressEvent): void {
    if (event.kind === 'stage-end') this.stream.write(endLine(event));
    if (event.kind === 'warning') this.stream.write(warningLine(event));
    if (event.kind === 'stage-start') this.lastLineMs = Date.now();
    if (event.kind === 'progress' && Date.now() - this.lastLineMs > PLAIN_LINE_INTERVAL_MS) {
      this.lastLineMs = Date.now();
      this.stream.write(`  ${event.stage}: ${event.what} ${event.done}/${event.total}\n`);
    }
  }

  close(): void {}
}

class TerminalView implements ProgressView {
  private stageStartedMs = 0;
  private lastDrawMs = 0;
  private barShown = false;
  constructor(private readonly stream: NodeJS.WriteStream) {}

  onEvent(event: ProgressEvent): void {
    switch (event.kind) {
      case 'stage-start':
        this.stageStartedMs = Date.now();
        this.draw(event.stage, 0, '');
        break;
      case 'progress': {
        if (Date.now() - this.lastDrawMs < 1000 / MAX_REDRAWS_HZ && event.done < event.total) return;
        this.draw(event.stage, event.total > 0 ? event.done / event.total : 0, event.what);
        break;
      }
      case 'warning':
        this.close();
        this.stream.write(warningLine(event));
        break;
      case 'stage-end':
        this.close();
        this.stream.write(endLine(event));
        break;
    }
  }

  close(): void {
    if (this.barShown) this.stream.write('\r\u001b[K');
    this.barShown = false;
  }

  private draw(stage: string, share: number, what: string): void {
    this.lastDrawMs = Date.now();
    const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
    const elapsed = formatSeconds((Date.now() - this.stageStartedMs) / 1000);
    const line = `${stage.padEnd(9)} ${bar} ${String(Math.round(share * 100)).padStart(3)} % ${elapsed}  ${what}`;
    this.stream.write(`\r\u001b[K${line.slice(0, Math.max(20, (this.stream.columns ?? 100) - 1))}`);
    this.barShown = true;
  }
}
