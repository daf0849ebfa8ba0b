/** A process of its own for one fixture: the request comes and the scores go as messages. Started by in-parallel.ts. */
import { type FixtureRequest, scoreFixture } from './score-fixture.js';

process.once('message', async (request: FixtureRequest) => {
  const scored = await scoreFixture(request);
  const { user, system } = process.cpuUsage();
  process.send!({ ...scored, cpuSeconds: (user + system) / 1e6 });
  process.disconnect();
});
