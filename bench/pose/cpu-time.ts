/** CPU time of this process so far, with its threads, seconds. */
export function cpuSec(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
