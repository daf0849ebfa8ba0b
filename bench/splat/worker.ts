/** Renders the robot scene over and over for a given time and tells how many frames it made. */
import { parentPort, workerData } from 'node:worker_threads';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { createByteFrame } from '../../src/splat/renderer.js';
import { AT_CAMERA, CAMERA_640, robotScene, tableLayer } from './scenes.js';

const { forMs } = workerData as { forMs: number };
const renderer = await createRenderer();
const instances = [{ set: renderer.prepare(robotScene(), { closed: true }), cameraFromSet: AT_CAMERA, label: 1 }];
const layer = tableLayer(CAMERA_640);
const into = createByteFrame(CAMERA_640.widthPx, CAMERA_640.heightPx);
const draw = (): void => {
  renderer.renderBytes(CAMERA_640, instances, { layer }, into);
};
for (let k = 0; k < 10; k++) draw();
parentPort!.postMessage('ready');
parentPort!.once('message', () => {
  const start = performance.now();
  let frames = 0;
  while (performance.now() - start < forMs) {
    draw();
    frames++;
  }
  parentPort!.postMessage({ frames, framesPerSecond: (frames * 1000) / (performance.now() - start) });
});
