/** The report: one HTML file that shows what every stage saw and made, with a verdict on top. */
import type { EpisodeRecord } from '../../episode/episode-record.js';
import { rejectionCounts } from '../../episode/run-episodes.js';
import { contactSheet, evenlySpaced } from '../../image/sheet.js';
import { sizeText } from '../../objects/size-text.js';
import { sceneTopViewSvg } from '../../scene/top-view.js';
import { skillTimelineSvg } from '../../skill/timeline.js';
import { createRenderer } from '../../splat/create-renderer.js';
import { sampleFrames } from '../../video/sample.js';
import { judge } from '../verdict.js';
import { lineChart } from './chart.js';
import { escapeHtml, figure, list, page, type Section, svgFigure, table } from './html.js';
import type { ReportInputs } from './inputs.js';
import { fourSides, heightsOf, maskSheet, poseSheet, thumbnails } from './pictures.js';

/** Episodes shown as film strips, and frames per strip: enough to see a pattern, small enough to mail. */
const SHOWN_EPISODES = 6;
const STRIP_FRAMES = 6;

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const spread = (logSd: number): string => `± ${percent(Math.exp(logSd) - 1)}`;

export async function buildReport(inputs: ReportInputs, onProgress: (share: number) => void): Promise<string> {
  const makers = [
    perceptionSection,
    objectsSection,
    posesSection,
    skillSection,
    sceneSection,
    episodesSection,
    datasetSection,
    runSection,
  ];
  const sections: Section[] = [];
  for (const [done, make] of makers.entries()) {
    const section = await make(inputs);
    if (section !== null) sections.push(section);
    onProgress((done + 1) / makers.length);
  }
  return page(titleOf(inputs), leadOf(inputs), sections);
}

function titleOf({ skill, video }: ReportInputs): string {
  return skill && skill.segments.length > 0 ? `${video.source.name}: ${skill.instruction}` : video.source.name;
}

function leadOf(inputs: ReportInputs): string {
  const { seen, objects, poses, skill, episodes } = inputs;
  const counts = episodes && countsOf(episodes.made.episodes);
  const models = objects && { kind: 'v2r/objects' as const, version: 1 as const, objects: objects.models };
  const verdict = judge(seen.perception, models, poses, skill, counts);
  const reasons = verdict.reasons.length > 0 ? list(verdict.reasons) : '';
  return `<div class="verdict ${verdict.level}"><strong>${escapeHtml(verdict.headline)}</strong>${reasons}</div>`;
}

function countsOf(records: readonly EpisodeRecord[]) {
  const accepted = records.filter((record) => record.accepted).length;
  return { accepted, rejected: records.length - accepted, reasons: rejectionCounts(records) };
}

async function perceptionSection({ seen, plate, video }: ReportInputs): Promise<Section> {
  const { camera, table: ground, objects, cameraMotion, finding, providers } = seen.perception;
  const rows = [
    ['', 'value', 'from'],
    [
      'video',
      `${video.widthPx} x ${video.heightPx}, ${video.numFrames} frames, ${video.fps.toFixed(2)} fps`,
      `${video.source.codec}, ${video.source.widthPx} x ${video.source.heightPx}`,
    ],
    ...(providers ? [['seen by', Object.values(providers).join(', '), Object.keys(providers).join(', ')]] : []),
    ['focal length', `${camera.fx.toFixed(0)} px ${spread(camera.focalLogSd)}`, camera.source],
    ['camera', cameraMotion.kind, `moves up to ${cameraMotion.maxShiftPx.toFixed(1)} px`],
    ['table tilt', `known to ${ground.normalSdDeg.toFixed(1)} degrees`, ground.normalSource],
    ['scale', `every length ${spread(ground.scaleLogSd)}`, ground.scaleSource],
  ];
  const found = [
    ['object', 'role', 'confidence', 'mean over frames', 'why'],
    ...objects.map(({ name, role, confidence, frameConfidence, evidence }) => [
      name,
      role,
      confidence.toFixed(2),
      frameConfidence ? (frameConfidence.reduce((a, b) => a + b, 0) / frameConfidence.length).toFixed(2) : '-',
      evidence,
    ]),
  ];
  const html = [
    `<p>${escapeHtml(finding)}</p>`,
    await figure(
      await maskSheet(seen),
      'Masks: hand blue, moved object green, target yellow; the grid lies on the table, 10 cm a square.',
    ),
    table(found),
    table(rows),
    await figure(plate, 'Clean plate: the scene behind everything that moved.'),
  ];
  return { id: 'perceive', title: 'What was seen', html: html.join('\n') };
}

async function objectsSection({ objects }: ReportInputs): Promise<Section | null> {
  if (!objects) return null;
  const renderer = await createRenderer();
  const rows = [
    ['object', 'role', 'shape', 'size', 'Gaussians', 'outline agreement', 'confidence'],
    ...objects.models.map((model) => [
      model.name,
      model.role,
      model.hollow ? `${model.family}, hollow` : model.family,
      sizeText(model.sizeM, model.sizeSdM),
      String(objects.gaussians.get(model.id)?.count ?? 0),
      percent(model.fitIou),
      model.confidence.toFixed(2),
    ]),
  ];
  const html = [table(rows)];
  for (const model of objects.models) {
    const set = objects.gaussians.get(model.id);
    if (set)
      html.push(
        await figure(
          await fourSides(set, renderer),
          `${model.name} from four sides; sides that no frame saw are completed from the others.`,
        ),
      );
  }
  return { id: 'objects', title: 'Objects', html: html.join('\n') };
}

async function posesSection({ seen, objects, poses, skill }: ReportInputs): Promise<Section | null> {
  if (!objects || !poses) return null;
  const sheet = await poseSheet(seen, poses, objects.models, objects.gaussians, await createRenderer());
  const heights = heightsOf(poses);
  const series = objects.models.map(({ id, name }) => ({ name, values: heights.get(id) ?? [] }));
  const marks = (skill?.events ?? []).map((event) => ({ frame: event.frame, label: event.kind }));
  const html = [
    await figure(sheet, 'Fitted poses: outline and axes (x red, y green, z blue) of every object.'),
    svgFigure(lineChart(series, { unit: 'm', fps: poses.fps }, marks), 'Height of the object centres above the table.'),
  ];
  return { id: 'poses', title: 'Poses', html: html.join('\n') };
}

async function skillSection({ seen, skill, poses, objects }: ReportInputs): Promise<Section | null> {
  if (!skill || !poses || !objects) return null;
  const names = new Map(objects.models.map(({ id, name }) => [id, name]));
  const svg = skillTimelineSvg(skill, poses, { names, thumbnails: await thumbnails(seen, 8) });
  const rows = [
    ['segment', 'object', 'target', 'from', 'to', 'confidence', 'evidence'],
    ...skill.segments.map((segment) => [
      segment.kind,
      names.get(segment.sourceId) ?? String(segment.sourceId),
      segment.targetId === null ? 'table' : (names.get(segment.targetId) ?? String(segment.targetId)),
      `${(segment.fromFrame / skill.fps).toFixed(2)} s`,
      `${(segment.toFrame / skill.fps).toFixed(2)} s`,
      segment.confidence.toFixed(2),
      segment.evidence,
    ]),
  ];
  const html = [`<p>${escapeHtml(skill.finding)}</p>`, svgFigure(svg, 'What happened when.'), table(rows)];
  return { id: 'skill', title: 'Skill', html: html.join('\n') };
}

async function sceneSection({ scene, objects, poses }: ReportInputs): Promise<Section | null> {
  if (!scene || !objects || !poses) return null;
  const html = [
    `<p>${escapeHtml(scene.scene.finding)}</p>`,
    await figure(scene.background, 'Background of the episodes: the video without hand and task objects.'),
    svgFigure(
      sceneTopViewSvg(scene.scene, objects.models, poses),
      'From above: workspace, objects, robot base, what the camera sees.',
    ),
  ];
  return { id: 'scene', title: 'Scene', html: html.join('\n') };
}

async function episodesSection({ episodes }: ReportInputs): Promise<Section | null> {
  if (!episodes) return null;
  const { made, videoOf } = episodes;
  const accepted = made.episodes.filter((record) => record.accepted);
  const counts = countsOf(made.episodes);
  const html = [`<p>${counts.accepted} accepted, ${counts.rejected} rejected, ${made.fps} frames per second.</p>`];
  for (const record of accepted.slice(0, SHOWN_EPISODES)) {
    const images = await sampleFrames(videoOf(record.number), evenlySpaced(record.numFrames, STRIP_FRAMES));
    const strip = await contactSheet(images, { columns: STRIP_FRAMES, cellWidthPx: 220 });
    html.push(
      await figure(
        strip,
        `Episode ${record.number}, ${(record.numFrames / made.fps).toFixed(1)} s, seed ${record.seed}`,
      ),
    );
  }
  const rejected = made.episodes.filter((record) => !record.accepted);
  if (rejected.length > 0) {
    html.push(
      table([['rejected', 'reason', 'detail'], ...rejected.map((r) => [String(r.number), r.reason ?? '', r.detail])]),
    );
  }
  return { id: 'episodes', title: 'Episodes', html: html.join('\n') };
}

async function datasetSection({ dataset }: ReportInputs): Promise<Section | null> {
  if (!dataset) return null;
  return { id: 'dataset', title: 'Dataset', html: table([['', ''], ...Object.entries(dataset)]) };
}

async function runSection({ stages, warnings, provenance }: ReportInputs): Promise<Section> {
  const seconds = table([['stage', 'seconds'], ...stages.map((stage) => [stage.name, stage.seconds.toFixed(1)])]);
  const said = warnings.map(({ stage, message }) => `${stage}: ${message}`);
  const html = [
    seconds,
    said.length > 0 ? `<h3>Warnings</h3>${list(said)}` : '<p>No warnings.</p>',
    table([['', ''], ...Object.entries(provenance)]),
  ];
  return { id: 'run', title: 'Run', html: html.join('\n') };
}
