/**
 * @mkkellogg/gaussian-splats-3d in headless Chromium: the page renders one still view over and over and reads one pixel back
 * after each frame, so that the time is that of finished frames. Its sorter runs once, before the clock starts.
 */
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { inverse } from '../../src/math/se3.js';
import type { View } from '../../src/splat/views.js';
import type { PeerPicture } from './peer-picture.js';

const PAGE = `<!doctype html><body style="margin:0"><script type="importmap">
{"imports":{"three":"/three.js"}}</script><script type="module">
import * as THREE from 'three';
import * as GS from '/gs3d.js';
let frame, gl, size;
window.show = async (view, worldFromCamera) => {
  const renderer = new THREE.WebGLRenderer({ antialias: false, preserveDrawingBuffer: true });
  renderer.setPixelRatio(1);
  renderer.setSize(view.widthPx, view.heightPx);
  renderer.setClearColor(0x000000, 1);
  document.body.appendChild(renderer.domElement);
  const fov = 2 * Math.atan(view.heightPx / 2 / view.fy) * 180 / Math.PI;
  const camera = new THREE.PerspectiveCamera(fov, view.widthPx / view.heightPx, 0.1, 500);
  // three.js looks along -z with y up.
  const pose = new THREE.Matrix4().set(...worldFromCamera).multiply(new THREE.Matrix4().makeScale(1, -1, -1));
  pose.decompose(camera.position, camera.quaternion, camera.scale);
  camera.updateMatrixWorld();
  const viewer = new GS.Viewer({
    selfDrivenMode: false, renderer, camera, useBuiltInControls: false, sharedMemoryForWorkers: false,
    gpuAcceleratedSort: false, sceneRevealMode: GS.SceneRevealMode.Instant, sphericalHarmonicsDegree: 0,
  });
  await viewer.addSplatScene('/scene.ply', { splatAlphaRemovalThreshold: 1, showLoadingUI: false, progressiveLoad: false });
  gl = renderer.getContext();
  size = view;
  const pixel = new Uint8Array(4);
  frame = () => { viewer.update(); viewer.render(); gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); };
  for (let k = 0; k < 10; k++) { frame(); await new Promise((resolve) => setTimeout(resolve, 50)); }
};
window.time = (runs) => {
  const times = [];
  for (let k = 0; k < runs; k++) { const from = performance.now(); frame(); times.push(performance.now() - from); }
  times.sort((a, b) => a - b);
  return { frameMs: times[times.length >> 1], leastMs: times[0] };
};
window.picture = () => {
  const rgba = new Uint8Array(size.widthPx * size.heightPx * 4);
  gl.readPixels(0, 0, size.widthPx, size.heightPx, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
  let text = '';
  for (let i = 0; i < rgba.length; i += 32768) text += String.fromCharCode(...rgba.subarray(i, i + 32768));
  return btoa(text);
};
window.ready = true;
</script></body>`;

/** The part of playwright-core that is used. */
interface Playwright {
  chromium: {
    launch(options: object): Promise<{
      newPage(): Promise<{
        goto(url: string): Promise<unknown>;
        waitForFunction(expression: string): Promise<unknown>;
        evaluate<T>(expression: string): Promise<T>;
        on(event: string, listener: (value: unknown) => void): void;
      }>;
      close(): Promise<void>;
    }>;
  };
}

async function serve(peersFolder: string, ply: Uint8Array): Promise<Server> {
  const gs3d = '@mkkellogg/gaussian-splats-3d/build/gaussian-splats-3d.module.js';
  const files: Record<string, [string, string | Uint8Array]> = {
    '/': ['text/html', PAGE],
    '/three.js': ['text/javascript', await readFile(path.join(peersFolder, 'three/build/three.module.js'))],
    '/gs3d.js': ['text/javascript', await readFile(path.join(peersFolder, gs3d))],
    '/scene.ply': ['application/octet-stream', ply],
  };
  const core = path.join(peersFolder, 'three/build/three.core.js');
  const coreText = await readFile(core).catch(() => undefined);
  if (coreText) files['/three.core.js'] = ['text/javascript', coreText];
  const server = createServer((request, response) => {
    const file = files[request.url ?? ''];
    response.writeHead(file ? 200 : 404, { 'content-type': file?.[0] ?? 'text/plain' });
    response.end(file?.[1]);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** `peersFolder`: a node_modules that holds the packages. */
export async function drawWithGaussianSplats3d(
  peersFolder: string,
  chromium: string,
  plyFile: string,
  view: View,
  runs: number,
): Promise<PeerPicture> {
  const { chromium: launcher } = (await import(path.join(peersFolder, 'playwright-core/index.mjs'))) as Playwright;
  const server = await serve(peersFolder, await readFile(plyFile));
  const args = ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
  const browser = await launcher.launch({ executablePath: chromium, args });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('window.ready === true');
    await page.evaluate(`show(${JSON.stringify(view)}, ${JSON.stringify(inverse(view.cameraFromWorld))})`);
    const before = await childrenCpuMs();
    const times = await page.evaluate<{ frameMs: number; leastMs: number }>(`time(${runs})`);
    const after = await childrenCpuMs();
    const rgba = await page.evaluate<string>('picture()');
    return { ...times, cpuMs: (after - before) / runs, rgb: upright(Buffer.from(rgba, 'base64'), view) };
  } finally {
    await browser.close();
    server.close();
  }
}

/** Clock ticks per second in /proc, on every usual Linux. */
const TICKS_PER_SECOND = 100;

/** CPU time so far of all processes started by this one and theirs; NaN where there is no /proc. */
async function childrenCpuMs(): Promise<number> {
  const names = await readdir('/proc').catch(() => []);
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const name of names) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
    // The name, in brackets, may hold anything; after it come state, parent, ..., and user and system time as numbers 11 and 12.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (stat)
      processes.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
  }
  const isOurs = (pid: number): boolean => {
    const parent = processes.get(pid)?.parent ?? 0;
    return parent === process.pid || (parent > 1 && isOurs(parent));
  };
  const ticks = [...processes].filter(([pid]) => isOurs(pid)).reduce((sum, [, entry]) => sum + entry.ticks, 0);
  return names.length > 0 ? (ticks * 1000) / TICKS_PER_SECOND : Number.NaN;
}

/** RGBA from the bottom up to RGB from the top down. */
function upright(rgba: Uint8Array, { widthPx, heightPx }: View): Uint8Array {
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const from = ((heightPx - 1 - y) * widthPx + x) * 4;
      rgb.set(rgba.subarray(from, from + 3), (y * widthPx + x) * 3);
    }
  }
  return rgb;
}
