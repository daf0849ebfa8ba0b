/** README.md of a dataset: the card that the hub shows, with the front matter that its viewer reads. */
import type { LeRobotSpec } from './features.js';
import type { DatasetInfo } from './lerobot-info.js';

export function datasetCard(spec: LeRobotSpec, info: DatasetInfo, tasks: readonly string[]): string {
  const seconds = Math.round(info.total_frames / info.fps);
  const cameras = spec.cameras.map(({ name, widthPx, heightPx }) => `${name} (${widthPx}x${heightPx})`).join(', ');
  return `---
task_categories:
- robotics
tags:
- LeRobot
- synthetic
configs:
- config_name: default
  data_files: data/*/*.parquet
---

${spec.description ?? 'Robot episodes made from one video of a person doing the task.'} Made with v2r; format LeRobot ${info.codebase_version}.

| | |
|---|---|
| robot | ${spec.robotType} |
| episodes | ${info.total_episodes} |
| frames | ${info.total_frames} (${seconds} s at ${info.fps} per second) |
| cameras | ${cameras || 'none'} |
| state | ${spec.stateNames.join(', ')} |
| action | ${spec.actionNames.join(', ')} |

Tasks:

${tasks.map((task) => `- ${task}`).join('\n')}

The pictures are rendered: objects and robot are drawn as Gaussians over the video's own background.
`;
}
