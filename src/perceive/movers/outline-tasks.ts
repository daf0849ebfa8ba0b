/** Cutting out the ends of movers' ways, as tasks for any thread. */
import type { ChangeEvent } from '../change/candidates.js';
import type { Clip, ClipNote, ClipTask } from '../clip.js';
import { ColourModel } from './colour-model.js';
import {
  cutByMotion,
  cutOut,
  type EventView,
  type MoverEnd,
  type Outline,
  outlineOf,
  sharpened,
} from './end-outline.js';
import { cutAtRest, type RestCut, type SceneFacts } from './rest-outline.js';

/** What a cut gives; everything else of the outline is known to who asked. */
interface Cut {
  readonly mask: Uint8Array;
  readonly cutIou: number;
}

export const viewsNote: ClipNote<readonly EventView[]> = { name: 'views' };

/** Ends as they are sent: views by number. */
type SentEnd = Omit<MoverEnd, 'view' | 'colours' | 'absence'> & { readonly viewIdx: number };

export const endsNote: ClipNote<readonly SentEnd[]> = { name: 'ends' };

export const cutOutTask: ClipTask<{ event: ChangeEvent; viewIdx: number }, Cut> = {
  name: 'cut-out',
  run: (clip, { event, viewIdx }, told) => cutOf(cutOut(clip, event, told(viewsNote)[viewIdx])),
};

/** By motion, of the end with this number; null where that says nothing. */
export const motionCutTask: ClipTask<number, Cut | null> = {
  name: 'cut-by-motion',
  run: (clip, e, told) => {
    const ends = received(told(endsNote), told(viewsNote));
    const cut = cutByMotion(clip, ends[e], ends);
    return cut.mask === ends[e].mask ? null : cutOf(cut);
  },
};

export const sharpenTask: ClipTask<number, Cut | null> = {
  name: 'sharpen',
  run: (clip, e, told) => {
    const end = received(told(endsNote), told(viewsNote))[e];
    const cut = sharpened(clip, end);
    return cut.mask === end.mask ? null : cutOf(cut);
  },
};

export const factsNote: ClipNote<SceneFacts> = { name: 'scene-facts' };

export const restCutTask: ClipTask<number, RestCut | null> = {
  name: 'cut-at-rest',
  run: (clip, e, told) => {
    const ends = received(told(endsNote), told(viewsNote));
    return cutAtRest(clip, ends[e], ends, told(factsNote));
  },
};

const cutOf = ({ mask, cutIou }: Outline): Cut => ({ mask, cutIou });

const received = (ends: readonly SentEnd[], views: readonly EventView[]): MoverEnd[] =>
  ends.map((end) => ({ ...end, view: views[end.viewIdx], colours: new ColourModel(), absence: null }));

/** Cuts outlines in all threads; `views` are those of all events there are. */
export class OutlineCutter {
  private constructor(
    private readonly clip: Clip,
    private readonly views: readonly EventView[],
  ) {}

  static async for(clip: Clip, views: readonly EventView[]): Promise<OutlineCutter> {
    await clip.crew.tell(viewsNote, views);
    return new OutlineCutter(clip, views);
  }

  cutOut(events: readonly ChangeEvent[], viewOf: (event: ChangeEvent) => EventView): Promise<Outline[]> {
    return Promise.all(
      events.map(async (event) => {
        const view = viewOf(event);
        const { mask, cutIou } = await this.clip.crew.ask(cutOutTask, { event, viewIdx: this.views.indexOf(view) });
        return outlineOf(event, view, mask, cutIou);
      }),
    );
  }

  /** Outlines by motion of all ends; the same mask where that says nothing. */
  async cutByMotion(ends: readonly MoverEnd[]): Promise<Outline[]> {
    await this.tellEnds(ends);
    return Promise.all(
      ends.map(async ({ track: _track, absence: _absence, ...outline }, e) => {
        const cut = await this.clip.crew.ask(motionCutTask, e);
        return cut ? outlineOf(outline.event, outline.view, cut.mask, cut.cutIou) : outline;
      }),
    );
  }

  async sharpened(ends: readonly MoverEnd[]): Promise<MoverEnd[]> {
    await this.tellEnds(ends);
    return Promise.all(
      ends.map(async (end, e) => {
        const cut = await this.clip.crew.ask(sharpenTask, e);
        return cut ? { ...end, ...outlineOf(end.event, end.view, cut.mask, cut.cutIou) } : end;
      }),
    );
  }

  /** Outline by motion of an end that is not among the `ends`; the same mask where that says nothing. */
  async cutOneByMotion(end: MoverEnd, ends: readonly MoverEnd[]): Promise<Outline> {
    await this.tellEnds([...ends, end]);
    const cut = await this.clip.crew.ask(motionCutTask, ends.length);
    const { track: _track, absence: _absence, ...outline } = end;
    return cut ? outlineOf(end.event, end.view, cut.mask, cut.cutIou) : outline;
  }

  /** Outlines by what their places look like without them; the same end where that is not seen. */
  async cutAtRest(ends: readonly MoverEnd[], facts: SceneFacts): Promise<MoverEnd[]> {
    await Promise.all([this.tellEnds(ends), this.clip.crew.tell(factsNote, facts)]);
    return Promise.all(
      ends.map(async (end, e) => {
        const cut = await this.clip.crew.ask(restCutTask, e);
        if (!cut) return end;
        return { ...end, ...outlineOf(end.event, end.view, cut.mask, cut.cutIou), absence: cut.absence };
      }),
    );
  }

  private tellEnds(ends: readonly MoverEnd[]): Promise<void> {
    const sent = ends.map(({ view, colours: _colours, absence: _absence, ...end }) => ({
      ...end,
      viewIdx: this.views.indexOf(view),
    }));
    return this.clip.crew.tell(endsNote, sent);
  }
}
