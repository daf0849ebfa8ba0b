/** A page for a BOP run: the scores, and the worst frames as they are beside what the estimated pose would look like. */
import { Random } from '../base/random.js';
import { type BopDataset, readSceneRgb } from '../bop/dataset/dataset.js';
import type { BopEstimate } from '../bop/dataset/results-csv.js';
import { renderDepth } from '../bop/draw/render-depth.js';
import type { BopReport, Evaluation } from '../bop/score/evaluate.js';
import type { BopScores, TargetGroup } from '../bop/score/recall.js';
import { createRgb, type RgbImage } from '../image/image.js';
import { contactSheet } from '../image/sheet.js';
import type { Intrinsics } from '../math/camera.js';
import type { Mat4 } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { gaussiansOfModel } from '../objects/coloured-mesh-gaussians.js';
import { meshArea } from '../objects/mesh.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { drawPoseOverlay } from '../pose/overlay.js';
import { createRenderer } from '../splat/create-renderer.js';
import { figure, list, page, table } from './report/html.js';

const TRUE_COLOUR: Vec3 = [80, 255, 90];
const FOUND_COLOUR: Vec3 = [255, 60, 60];
/** Shown around the object, per side of its box. */
const MARGIN = 0.5;
const CELL_PX = 300;

/** One estimate of a target and how wrong it is. */
interface Case {
  group: TargetGroup;
  estimate: BopEstimate;
  truth: Mat4;
  mssd: number;
  mspdPx: number;
}

export async function bopPage(
  dataset: BopDataset,
  estimates: readonly BopEstimate[],
  { report, groups }: Evaluation,
  numWorst: number,
): Promise<string> {
  const worst = (await casesOf(dataset, estimates, groups))
    .sort((a, b) => b.mspdPx - a.mspdPx)
    // One bad stretch is shown once per object and scene, then the next worst.
    .filter(spread(numWorst));
  const pictures: string[] = [];
  for (const item of worst) pictures.push(await pictureOf(dataset, item));
  const missing = groups.filter(({ estimateIds }) => estimateIds.length === 0).length;
  return page(
    `${report.dataset}/${report.split}: 6D poses`,
    `<p>${missing} of ${groups.length} targets have no estimate.</p>`,
    [
      { id: 'scores', title: 'Scores', html: table(scoreRows(report)) },
      {
        id: 'worst',
        title: 'Worst frames',
        html: `<p>Left: the picture. Middle: the model drawn at the estimated pose. Right: outlines, true (green) and estimated (red).</p>${pictures.join('\n')}`,
      },
      ...(report.warnings.length > 0 ? [{ id: 'warnings', title: 'Warnings', html: list([...report.warnings]) }] : []),
    ],
  );
}

/** Keeps the first few of each object in each scene, up to a total. */
function spread(total: number): (item: Case) => boolean {
  const used = new Map<string, number>();
  let kept = 0;
  return ({ group: { target } }) => {
    const key = `${target.sceneId}/${target.objId}`;
    const count = used.get(key) ?? 0;
    if (kept >= total || count >= Math.max(1, Math.ceil(total / 6))) return false;
    used.set(key, count + 1);
    kept++;
    return true;
  };
}

function scoreRows(report: BopReport): string[][] {
  const percent = (share: number | null): string => (share === null ? 'none' : (100 * share).toFixed(2));
  const row = (name: string, s: BopScores): string[] => [
    name,
    ...[s.ar, s.arVsd, s.arMssd, s.arMspd, s.recallAdd, s.recallAdi].map(percent),
    `${s.targets}`,
  ];
  return [
    ['', 'AR', 'VSD', 'MSSD', 'MSPD', 'ADD 0.1d', 'ADD-S 0.1d', 'targets'],
    row('all', report),
    ...Object.entries(report.sequences).map(([id, s]) => row(`scene ${id}`, s)),
    ...Object.entries(report.objects).map(([id, s]) => row(`object ${id}`, s)),
  ];
}

async function casesOf(
  dataset: BopDataset,
  estimates: readonly BopEstimate[],
  groups: readonly TargetGroup[],
): Promise<Case[]> {
  const cases: Case[] = [];
  for (const group of groups) {
    const { target } = group;
    const own = estimates.filter(
      (e) => e.sceneId === target.sceneId && e.imageId === target.imageId && e.objId === target.objId,
    );
    const image = (await dataset.readScene(target.sceneId)).images.get(target.imageId);
    group.estimateIds.forEach((row, e) => {
      const g = group.mspd[e].indexOf(Math.min(...group.mspd[e]));
      const truth = image?.instances[group.instanceIdxs[g]]?.cameraFromModel;
      if (truth) cases.push({ group, estimate: own[row], truth, mssd: group.mssd[e][g], mspdPx: group.mspd[e][g] });
    });
  }
  return cases;
}

async function pictureOf(dataset: BopDataset, { group, estimate, truth, mssd, mspdPx }: Case): Promise<string> {
  const { sceneId, imageId, objId } = group.target;
  const scene = await dataset.readScene(sceneId);
  const camera: Intrinsics = { ...scene.images.get(imageId)!.camera, widthPx: scene.widthPx, heightPx: scene.heightPx };
  const object = dataset.objects.get(objId)!;
  const [mesh, looks] = [await object.readMesh(), await object.readLooks()];
  const photo = await readSceneRgb(scene, imageId);
  const renderer = await createRenderer();
  const set = renderer.prepare(gaussiansOfModel(looks, meshArea(looks), new Random(0)));
  const item = { set, cameraFromObject: estimate.cameraFromModel, axisM: 0, colour: FOUND_COLOUR };
  const drawn = drawPoseOverlay(photo, camera, [item], renderer, 'render');
  set.dispose();
  const outlines = createRgb(photo.widthPx, photo.heightPx, new Uint8Array(photo.data));
  const found = drawOutline(outlines, mesh, estimate.cameraFromModel, camera, FOUND_COLOUR);
  const real = drawOutline(outlines, mesh, truth, camera, TRUE_COLOUR);
  const box = around(found, real, camera);
  const sheet = await contactSheet(
    [photo, drawn, outlines].map((image) => cut(image, box)),
    { columns: 3, cellWidthPx: CELL_PX },
  );
  const size = Number.isFinite(mssd)
    ? `MSSD ${(100 * mssd).toFixed(0)} % of the diameter`
    : 'more than a diameter away';
  return figure(sheet, `scene ${sceneId}, image ${imageId}, object ${objId}: ${size}, MSPD ${mspdPx.toFixed(1)} px`);
}

type Box = [x0: number, y0: number, x1: number, y1: number];

/** Draws the edge of the silhouette; returns its box, null if nothing is in the picture. */
function drawOutline(out: RgbImage, mesh: TriangleMesh, pose: Mat4, camera: Intrinsics, colour: Vec3): Box | null {
  const depth = renderDepth(mesh, pose, camera);
  const { widthPx, heightPx } = camera;
  const box: Box = [widthPx, heightPx, 0, 0];
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const i = y * widthPx + x;
      if (depth[i] === 0) continue;
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x + 1);
      box[3] = Math.max(box[3], y + 1);
      const isInner = x > 0 && y > 0 && x + 1 < widthPx && y + 1 < heightPx;
      const around = isInner ? [i - 1, i + 1, i - widthPx, i + widthPx].map((j) => depth[j]) : [0];
      if (around.includes(0)) out.data.set(colour, 3 * i);
    }
  }
  return box[2] > box[0] ? box : null;
}

function around(a: Box | null, b: Box | null, { widthPx, heightPx }: Intrinsics): Box {
  const boxes = [a, b].filter((box) => box !== null);
  if (boxes.length === 0) return [0, 0, widthPx, heightPx];
  const x0 = Math.min(...boxes.map((box) => box[0]));
  const y0 = Math.min(...boxes.map((box) => box[1]));
  const x1 = Math.max(...boxes.map((box) => box[2]));
  const y1 = Math.max(...boxes.map((box) => box[3]));
  const side = Math.round((1 + 2 * MARGIN) * Math.max(x1 - x0, y1 - y0));
  const width = Math.min(widthPx, Math.max(side, 24));
  const height = Math.min(heightPx, Math.max(side, 24));
  const left = Math.max(0, Math.min(widthPx - width, Math.round((x0 + x1 - width) / 2)));
  const top = Math.max(0, Math.min(heightPx - height, Math.round((y0 + y1 - height) / 2)));
  return [left, top, left + width, top + height];
}

function cut(image: RgbImage, [x0, y0, x1, y1]: Box): RgbImage {
  const out = createRgb(x1 - x0, y1 - y0);
  for (let y = y0; y < y1; y++) {
    const from = 3 * (y * image.widthPx + x0);
    out.data.set(image.data.subarray(from, from + 3 * (x1 - x0)), 3 * (y - y0) * (x1 - x0));
  }
  return out;
}
